import { rm } from "node:fs/promises";
import { CommandError } from "@goldenring/run-kit";
import type pg from "pg";
import { CITY_MARK, VALUE_MARK } from "../../k6/plan.ts";
import { type DatabasePlace, inTransaction, withDatabase } from "./database.ts";
import { readSeedRecords } from "./seed-record.ts";

export interface UnseedRequest {
  readonly database: DatabasePlace;
  /** Records of seedings through this API count as well: it serves the database. */
  readonly target?: string | undefined;
  readonly runs: string;
  /** Called before anything is removed that is in no record. Default: sure. */
  readonly isSure?: (question: string) => Promise<boolean>;
  readonly log?: (text: string) => void;
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

interface OwnRow {
  readonly id: string;
  readonly recorded: boolean;
}

/**
 * In one transaction: what seedings recorded and, when the user is sure, all other marked rows, which scenarios have added. A city that holds values of
 * others stays, with those values. @throws {CommandError} where the user is not sure
 */
export function unseed(request: UnseedRequest) {
  const { database, target, runs, isSure = async () => true, log = () => {} } = request;
  return withDatabase(database, async (client) => {
    const seeds = (await readSeedRecords(runs)).filter(
      ({ record }) => record.database === database.name || (target !== undefined && record.target === target),
    );
    const added = {
      values: seeds.flatMap(({ record }) => record.values),
      cities: seeds.flatMap(({ record }) => record.cities),
    };
    const values = await client.query<OwnRow>(VALUES, [
      added.values.map(([first]) => first),
      added.values.map(([, last]) => last),
      `${VALUE_MARK}%`,
    ]);
    const cities = await client.query<OwnRow>(CITIES, [
      added.cities.map(({ id }) => id),
      added.cities.map(({ name }) => name),
      `${CITY_MARK}%`,
    ]);
    // Not in the transaction: an open one holds back what the service sees, and the answer may take its time.
    await requireSure(values.rows, cities.rows, isSure);
    const removed = await inTransaction(client, () => removeRows(client, values.rows, cities.rows, log));
    for (const { file } of seeds) await rm(file, { force: true });
    if (seeds.length === 0) log(`no seeding of this database is recorded in ${runs}`);
    return removed;
  });
}

async function requireSure(
  values: readonly OwnRow[],
  cities: readonly OwnRow[],
  isSure: (question: string) => Promise<boolean>,
): Promise<void> {
  const [otherValues, otherCities] = [values, cities].map((rows) => rows.filter(({ recorded }) => !recorded).length);
  if (otherValues === 0 && otherCities === 0) return;
  const question =
    `${otherValues} values whose summary begins with "${VALUE_MARK}" and ${otherCities} cities whose name begins with ` +
    `"${CITY_MARK}" are in no record: scenarios add such rows. Remove them, too?`;
  if (await isSure(question)) return;
  throw new CommandError(`${question}\nNothing was removed; to remove them: --yes.`, "usage");
}

async function removeRows(
  client: pg.Client,
  values: readonly OwnRow[],
  cities: readonly OwnRow[],
  log: (text: string) => void,
) {
  const remove = async (sql: string, rows: readonly OwnRow[]): Promise<number> =>
    (await client.query(sql, [rows.map(({ id }) => id)])).rowCount ?? 0;
  const goneValues = await remove("DELETE FROM public.forecast WHERE id = ANY($1::bigint[])", values);
  const goneCities = await remove(
    `DELETE FROM public.cities c
      WHERE c.id = ANY($1::bigint[]) AND NOT EXISTS (SELECT FROM public.forecast f WHERE f."cityId" = c.id)`,
    cities,
  );
  const kept = cities.length - goneCities;
  if (kept > 0) log(`${kept} cities stay: they hold values of others`);
  return { cities: goneCities, values: goneValues };
}
