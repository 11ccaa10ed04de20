import pg from "pg";
import { LOAD_EXIT, LoadError } from "../run/exit.ts";

const CONNECT_MS = 5_000;
/** 120,896 rows take a second or two, over a synchronous replica some more. */
const STATEMENT_MS = 120_000;

/** Lends a connection to the database and closes it. @throws {LoadError} where it cannot be reached */
export async function withDatabase<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  requireUrl(url);
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS,
    application_name: "goldenring-load",
  });
  // A connection that is lost rejects the query under way; without a listener it would end the process, too.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    throw new LoadError(`The database cannot be reached: ${messageOf(error)}`, LOAD_EXIT.targetDown);
  }
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** All of it or nothing. */
export async function inTransaction<Result>(client: pg.Client, work: () => Promise<Result>): Promise<Result> {
  await client.query("BEGIN");
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** Host, port and name: what tells one database from another, without a login. */
export function databaseName(url: string): string {
  requireUrl(url);
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** @throws {LoadError} (targetUnfit) */
export async function requireWeatherTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    "SELECT to_regclass('public.cities') IS NOT NULL AND to_regclass('public.forecast') IS NOT NULL AS there",
  );
  if (rows[0]?.there === true) return;
  const message = "The database has no tables cities and forecast: start the API on it once, which makes them.";
  throw new LoadError(message, LOAD_EXIT.targetUnfit);
}

function requireUrl(url: string): void {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return;
  // The text itself may hold a password.
  throw new LoadError("The database is named by a URL: postgres://user:password@host:5432/weather", LOAD_EXIT.usage);
}

function messageOf(error: unknown): string {
  // Several addresses were tried.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
