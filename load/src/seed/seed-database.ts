import type pg from "pg";
import { type DatabasePlace, inTransaction, requireWeatherTables, withDatabase } from "./database.ts";
import {
  COLDEST,
  DATA_SIZES,
  type DataSize,
  type DataSizeName,
  type Growth,
  growthTo,
  isNothing,
  SUMMARIES,
  VALUE_STEP_MS,
  WARMEST,
} from "./growth.ts";
import type { SeedRecord } from "./seed-record.ts";

/**
 * Brings a database to a size in one transaction: readers see none of it or all. The server makes the rows itself, so that they need no way through
 * a connection: as fast as COPY, and one statement.
 *
 * @param data less than the size, for a database on the way to it
 * @returns what was added, undefined when nothing was missing
 */
export function seedDatabase(
  database: DatabasePlace,
  size: DataSizeName,
  log: (text: string) => void,
  data: DataSize = DATA_SIZES[size],
): Promise<SeedRecord | undefined> {
  return withDatabase(database, async (client) => {
    await requireWeatherTables(client);
    const record = await inTransaction(client, () => addRows(client, database.name, size, data, log));
    // For the planner; where tables belong to another role PostgreSQL only warns.
    if (record !== undefined) await client.query("ANALYZE public.cities, public.forecast");
    return record;
  });
}

async function addRows(
  client: pg.Client,
  database: string,
  size: DataSizeName,
  data: DataSize,
  log: (text: string) => void,
): Promise<SeedRecord | undefined> {
  // Another seeding, or the service with its sample data, must not count as missing what this one adds.
  await client.query("LOCK TABLE public.cities IN SHARE ROW EXCLUSIVE MODE");
  const { rows: present } = await client.query<{ id: string; name: string; values: string }>(
    `SELECT c.id, c.name, count(f."cityId") AS values
       FROM public.cities c LEFT JOIN public.forecast f ON f."cityId" = c.id
      GROUP BY c.id, c.name ORDER BY c.id`,
  );
  const growth = growthTo(
    data,
    present.map(({ name, values }) => ({ name, values: Number(values) })),
  );
  if (isNothing(growth)) return undefined;
  log(inWords(growth));
  const cities = await addCities(client, growth.cities);
  const ids = [...present.map(({ id }) => Number(id)), ...cities.map(({ id }) => id)];
  const values = await addValues(client, ids, growth.values);
  return { format: 1, at: new Date().toISOString(), size, database, cities, values };
}

export function inWords({ cities, values }: Growth): string {
  const count = values.reduce((sum, each) => sum + each, 0);
  return `adding ${cities.length} cities and ${count} values`;
}

async function addCities(client: pg.Client, names: readonly string[]): Promise<{ id: number; name: string }[]> {
  const { rows } = await client.query<{ id: string; name: string }>(
    "INSERT INTO public.cities (name) SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS new(name, n) ORDER BY n RETURNING id, name",
    [names],
  );
  return rows.map(({ id, name }) => ({ id: Number(id), name }));
}

/** Values of one city lie far apart, as those of a service that has grown. Returns their ids as ranges. */
async function addValues(
  client: pg.Client,
  cities: readonly number[],
  counts: readonly number[],
): Promise<[number, number][]> {
  const { rows } = await client.query<{ first: string; last: string }>(
    `WITH made AS (
       INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary)
       SELECT city, $3::bigint - n * $4::bigint, $5::int + floor(warmth * ($6::int - $5::int + 1))::int,
              ($7::text[])[1 + floor(warmth * cardinality($7::text[]))::int]
         FROM (SELECT city, n, random() AS warmth
                 FROM unnest($1::bigint[], $2::int[]) AS wanted(city, count), generate_series(1, count) AS n) AS new
        ORDER BY n, city
       RETURNING id)
     SELECT min(id) AS first, max(id) AS last
       FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS island FROM made) AS numbered
      GROUP BY island ORDER BY first`,
    [cities, counts, Date.now(), VALUE_STEP_MS, COLDEST, WARMEST, SUMMARIES],
  );
  return rows.map(({ first, last }) => [Number(first), Number(last)]);
}
