import type pg from "pg";
import { COLDEST, SUMMARIES, WARMEST } from "../../k6/plan.ts";
import { type DatabasePlace, inTransaction, withDatabase } from "./database.ts";
import {
  DATA_SIZES,
  type DataSize,
  type DataSizeName,
  growthText,
  growthTo,
  isNothing,
  VALUE_STEP_MS,
} from "./growth.ts";
import type { SeedRecord } from "./seed-record.ts";

/**
 * Brings a database to a size in one transaction: readers see none of it or all. The server makes the rows itself: as fast as COPY, and one statement.
 * @param data less than the size, for a database on the way to it @returns what was added, undefined when nothing was missing
 */
export function seedDatabase(
  database: DatabasePlace,
  size: DataSizeName,
  log: (text: string) => void,
  data: DataSize = DATA_SIZES[size],
): Promise<SeedRecord | undefined> {
  return withDatabase(database, async (client) => {
    const added = await inTransaction(client, () => addRows(client, data, log));
    if (added === undefined) return undefined;
    // For the planner; where tables belong to another role PostgreSQL only warns.
    await client.query("ANALYZE public.cities, public.forecast");
    return { format: 1, at: new Date().toISOString(), size, database: database.name, ...added };
  });
}

async function addRows(
  client: pg.Client,
  data: DataSize,
  log: (text: string) => void,
): Promise<Pick<SeedRecord, "cities" | "values"> | undefined> {
  // Another seeding, or the service with its sample data, must not count as missing what this one adds.
  await client.query("LOCK TABLE public.cities IN SHARE ROW EXCLUSIVE MODE");
  // The client makes texts of bigint, and numbers of float8.
  const { rows: present } = await client.query<{ id: number; name: string; values: number }>(
    `SELECT c.id::float8 AS id, c.name, count(f."cityId")::float8 AS values
       FROM public.cities c LEFT JOIN public.forecast f ON f."cityId" = c.id
      GROUP BY c.id, c.name ORDER BY c.id`,
  );
  const growth = growthTo(data, present);
  if (isNothing(growth)) return undefined;
  log(growthText(growth));
  const { rows: cities } = await client.query<{ id: number; name: string }>(
    `INSERT INTO public.cities (name) SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS new(name, n) ORDER BY n
     RETURNING id::float8 AS id, name`,
    [growth.cities],
  );
  const ids = [...present, ...cities].map(({ id }) => id);
  // Values of one city lie far apart, as those of a service that has grown. Their ids come back as ranges.
  const { rows: values } = await client.query<{ first: number; last: number }>(
    `WITH made AS (
       INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary)
       SELECT city, $3::bigint - n * $4::bigint, $5::int + floor(warmth * ($6::int - $5::int + 1))::int,
              ($7::text[])[1 + floor(warmth * cardinality($7::text[]))::int]
         FROM (SELECT city, n, random() AS warmth
                 FROM unnest($1::bigint[], $2::int[]) AS wanted(city, count), generate_series(1, count) AS n) AS new
        ORDER BY n, city
       RETURNING id)
     SELECT min(id)::float8 AS first, max(id)::float8 AS last
       FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS island FROM made) AS numbered
      GROUP BY island ORDER BY first`,
    [ids, growth.values, Date.now(), VALUE_STEP_MS, COLDEST, WARMEST, SUMMARIES],
  );
  return { cities, values: values.map(({ first, last }) => [first, last]) };
}
