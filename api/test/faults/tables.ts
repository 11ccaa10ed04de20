import type { ThrowawayCluster } from "../throwaway-cluster.ts";
import type { Value } from "./api-client.ts";

/** What the tables hold, read past the API. */
export interface Tables {
  /** By id. */
  readonly values: readonly Value[];
  readonly cityNames: ReadonlyMap<number, string>;
}

export async function readTables(cluster: ThrowawayCluster, databaseName: string): Promise<Tables> {
  const values = await cluster.execute<Value>(
    `SELECT id::float8, "cityId"::float8, "dateTime"::float8, temperature, summary FROM forecast ORDER BY id`,
    databaseName,
  );
  const cities = await cluster.execute<{ id: number; name: string }>(
    "SELECT id::float8, name FROM cities",
    databaseName,
  );
  return { values, cityNames: new Map(cities.map(({ id, name }) => [id, name])) };
}
