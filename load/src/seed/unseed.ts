import { CommandError } from "@goldenring/run-kit";
import type pg from "pg";
import { CITY_MARK, VALUE_MARK } from "../../k6/plan.ts";
import { type DatabasePlace, inTransaction, requireWeatherTables, withDatabase } from "./database.ts";
import { readSeedRecords, removeSeedRecord, type StoredSeed } from "./seed-record.ts";

export interface UnseedRequest {
  readonly database: DatabasePlace;
  /** Records of seedings through this API count as well: it serves the database. */
  readonly target: string | undefined;
  readonly runs: string;
  /** Called before anything is removed that is in no record. */
  readonly isSure: (question: string) => Promise<boolean>;
  readonly log: (text: string) => void;
}

export interface Removed {
  readonly cities: number;
  readonly values: number;
}

/** Values that are marked as added by load tests, and whether a record names them. */
const VALUES = `
  SELECT f.id, EXISTS (SELECT FROM unnest($1::bigint[], $2::bigint[]) AS r(first, last) WHERE f.id BETWEEN first AND last) AS recorded
    FROM public.forecast f WHERE f.summary LIKE $3`;

/** Cities that a record names and that still have that name, or whose name is marked. */
const CITIES = `
  SELECT c.id, recorded.id IS NOT NULL AS recorded
    FROM public.cities c
    LEFT JOIN unnest($1::bigint[], $2::text[]) AS recorded(id, name) ON recorded.id = c.id AND recorded.name = c.name
   WHERE recorded.id IS NOT NULL OR c.name LIKE $3`;

/**
 * Removes what load tests have added to a database, in one transaction: what seedings recorded and, when the user is sure, all other marked
 * rows, which scenarios have added. A city that holds values of others stays, with those values.
 *
 * @throws {CommandError} where the user is not sure
 */
export function unseed(request: UnseedRequest): Promise<Removed> {
  const { database, runs, log } = request;
  return withDatabase(database, async (client) => {
    await requireWeatherTables(client);
    const seeds = await seedsOf(request);
    const own = await ownRows(client, seeds);
    // Not in the transaction: an open one holds back what the service sees, and the answer may take its time.
    await requireSure(own, request);
    const removed = await inTransaction(client, () => removeRows(client, own, log));
    for (const seed of seeds) await removeSeedRecord(seed);
    if (seeds.length === 0) log(`no seeding of this database is recorded in ${runs}`);
    return removed;
  });
}

async function seedsOf({ database, target, runs }: UnseedRequest): Promise<StoredSeed[]> {
  const seeds = await readSeedRecords(runs);
  return seeds.filter(
    ({ record }) => record.database === database.name || (target !== undefined && record.target === target),
  );
}

interface OwnRows {
  readonly values: Found;
  readonly cities: Found;
}

interface Found {
  readonly recorded: readonly string[];
  /** In no record. */
  readonly others: readonly string[];
}

async function ownRows(client: pg.Client, seeds: readonly StoredSeed[]): Promise<OwnRows> {
  const ranges = seeds.flatMap(({ record }) => record.values);
  const cities = seeds.flatMap(({ record }) => record.cities);
  const [firsts, lasts] = [ranges.map(([first]) => first), ranges.map(([, last]) => last)];
  const [ids, names] = [cities.map(({ id }) => id), cities.map(({ name }) => name)];
  return {
    values: await found(client, VALUES, [firsts, lasts, `${VALUE_MARK}%`]),
    cities: await found(client, CITIES, [ids, names, `${CITY_MARK}%`]),
  };
}

async function requireSure({ values, cities }: OwnRows, { isSure }: UnseedRequest): Promise<void> {
  if (values.others.length + cities.others.length === 0) return;
  const question =
    `${values.others.length} values whose summary begins with "${VALUE_MARK}" and ${cities.others.length} cities whose name begins with ` +
    `"${CITY_MARK}" are in no record: scenarios add such rows. Remove them, too?`;
  if (await isSure(question)) return;
  throw new CommandError(`${question}\nNothing was removed; to remove them: --yes.`, "usage");
}

async function removeRows(client: pg.Client, own: OwnRows, log: (text: string) => void): Promise<Removed> {
  const values = [...own.values.recorded, ...own.values.others];
  const cities = [...own.cities.recorded, ...own.cities.others];
  const goneValues = await client.query("DELETE FROM public.forecast WHERE id = ANY($1::bigint[])", [values]);
  const goneCities = await client.query(
    `DELETE FROM public.cities c
      WHERE c.id = ANY($1::bigint[]) AND NOT EXISTS (SELECT FROM public.forecast f WHERE f."cityId" = c.id)`,
    [cities],
  );
  const kept = cities.length - (goneCities.rowCount ?? 0);
  if (kept > 0) log(`${kept} cities stay: they hold values of others`);
  return { cities: goneCities.rowCount ?? 0, values: goneValues.rowCount ?? 0 };
}

async function found(client: pg.Client, sql: string, parameters: readonly unknown[]): Promise<Found> {
  const { rows } = await client.query<{ id: string; recorded: boolean }>(sql, [...parameters]);
  return {
    recorded: rows.filter(({ recorded }) => recorded).map(({ id }) => id),
    others: rows.filter(({ recorded }) => !recorded).map(({ id }) => id),
  };
}
