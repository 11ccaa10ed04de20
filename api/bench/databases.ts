import { Client } from "pg";
import { startThrowawayCluster } from "../test/throwaway-cluster.ts";
import { baseCities } from "./base-cities.ts";
import type { UndoStack } from "./undo.ts";

/** A data set to serve. Ids run from 1 without gaps, as the load draws random ids. */
export interface DataSet {
  readonly cities: number;
  readonly values: number;
}

/** What the sample data holds. */
export const baseData: DataSet = { cities: 9, values: 720 };
/** The data of the 2023 baseline after its growth scenario. */
export const grownData: DataSet = { cities: 189, values: 120_896 };
export const millionData: DataSet = { cities: 189, values: 1_000_000 };

/** Sums that a served answer must match. */
export interface DataDigest {
  readonly cities: number;
  readonly values: number;
  readonly temperatures: number;
}

/** As in production: every commit is on disk before it is confirmed, and hot data fit into memory. */
const serverSettings = { fsync: "on", shared_buffers: "128MB", max_connections: "200" };

/** One throwaway cluster, started when first needed; its PostgreSQL is not limited. */
export class Databases {
  readonly #undo: UndoStack;
  readonly #migrate: (url: string) => Promise<void>;
  #cluster: ReturnType<typeof startThrowawayCluster> | undefined;

  /** @param migrate makes the API's tables in the empty database at the URL */
  constructor(undo: UndoStack, migrate: (url: string) => Promise<void>) {
    this.#undo = undo;
    this.#migrate = migrate;
  }

  /** A new database without tables. Returns its URL. */
  async createEmpty(): Promise<string> {
    this.#cluster ??= startThrowawayCluster({ settings: serverSettings }).then((cluster) => {
      this.#undo.add(() => cluster.remove());
      return cluster;
    });
    return (await this.#cluster).createDatabase();
  }

  /** A new database with the API's tables and random values. Returns its URL. */
  async create(data: DataSet): Promise<string> {
    const url = await this.createEmpty();
    await this.#migrate(url);
    await withClient(url, (client) => seed(client, data));
    return url;
  }
}

/** The sums of what is in the database now. */
export async function digestOf(url: string): Promise<DataDigest> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<Record<keyof DataDigest, string>>(
      `SELECT (SELECT count(*) FROM public.cities) AS cities, count(*) AS values, coalesce(sum(temperature), 0) AS temperatures
         FROM public.forecast`,
    );
    const [row] = rows;
    return {
      cities: Number(row?.cities),
      values: Number(row?.values),
      temperatures: Number(row?.temperatures),
    };
  });
}

async function seed(client: Client, data: DataSet): Promise<void> {
  await client.query("TRUNCATE public.forecast, public.cities RESTART IDENTITY CASCADE");
  // The same values in every run.
  await client.query("SELECT setseed(0.5)");
  await client.query(
    `INSERT INTO public.cities (name)
     SELECT coalesce(($1::text[])[n], 'Город ' || n) FROM generate_series(1, $2::int) AS n ORDER BY n`,
    [baseCities.map((city) => city.name), data.cities],
  );
  await client.query(
    `INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary)
     SELECT (n - 1) % $2::int + 1,
            1701388800000 + (n - 1) / $2::int * 10800000::bigint,
            floor(random() * 66)::int - 30,
            ($3::text[])[floor(random() * 10)::int + 1]
       FROM generate_series(1, $1::int) AS n ORDER BY n`,
    [data.values, data.cities, summaries],
  );
  await client.query("VACUUM ANALYZE public.cities, public.forecast");
  const { rows } = await client.query<{ first: string; last: string }>(
    "SELECT min(id) AS first, max(id) AS last FROM public.forecast",
  );
  if (Number(rows[0]?.first) !== 1 || Number(rows[0]?.last) !== data.values) throw new Error("the ids have gaps");
}

const summaries = [
  "Морозно",
  "Бодряще",
  "Холодно",
  "Прохладно",
  "Свежо",
  "Тепло",
  "Жарко",
  "Душно",
  "Знойно",
  "Облачно",
];

async function withClient<Result>(url: string, use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
