import { CommandError } from "@goldenring/run-kit";
import pg from "pg";
import * as z from "zod";
import type { Service } from "../service/service.ts";

const DEADLINE_MS = 60_000;

const Values = z.array(z.array(z.string()).length(1, "the query must return one column"));

type Database = Exclude<Service["database"], "stand" | undefined>;

/** @throws {CommandError} (usage) when its environment variable is not set */
export function connectionStringOf({ urlVariable }: Database): string {
  const url = process.env[urlVariable];
  if (url) return url;
  throw new CommandError(`The experiment reads its database from ${urlVariable}: set this variable.`, "usage");
}

/** The values of a run that the database of a user's own service holds. */
export async function storedValues(database: Database, run: string): Promise<readonly string[]> {
  const connectionString = connectionStringOf(database);
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000, query_timeout: DEADLINE_MS });
  await client.connect();
  try {
    const { rows } = await client.query({ text: database.query, values: [`${run}:%`], rowMode: "array" });
    return Values.parse(rows).map(([value = ""]) => value);
  } finally {
    await client.end();
  }
}
