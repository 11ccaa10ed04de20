import { CommandError } from "@goldenring/run-kit";
import pg from "pg";

const CONNECT_DEADLINE_MS = 5_000;
/** 120,896 rows take a second or two, with a synchronous standby some more. */
const STATEMENT_DEADLINE_MS = 120_000;

/** A database to seed. */
export interface DatabasePlace {
  /** May hold a password: it is never shown. */
  readonly url: string;
  /** Its name in records. Not its address: a forwarded port may change. */
  readonly name: string;
  /** Certificate of the authority that has signed the server's. The host name is not checked: a forwarded port has none. */
  readonly ca?: string;
}

/** @throws {CommandError} (usage) */
export function databaseAt(url: string): DatabasePlace {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    // The text itself may hold a password.
    throw new CommandError("The database must be a URL such as postgres://user:password@host:5432/weather.", "usage");
  }
  const { host, pathname } = new URL(url);
  return { url, name: `${host}${pathname}` };
}

/** Lends a connection to a database with the service's tables, and closes it. @throws {CommandError} (targetUnreachable, targetUnfit) */
export async function withDatabase<Result>(
  { url, ca }: DatabasePlace,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: url,
    ...(ca === undefined ? {} : { ssl: { ca, checkServerIdentity: () => undefined } }),
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    query_timeout: STATEMENT_DEADLINE_MS,
    application_name: "goldenring-load",
  });
  // A connection that is lost rejects the query under way; without a listener it would end the process, too.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    throw new CommandError(`The database cannot be reached: ${messageOf(error)}`, "targetUnreachable");
  }
  try {
    await requireWeatherTables(client);
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

async function requireWeatherTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    "SELECT to_regclass('public.cities') IS NOT NULL AND to_regclass('public.forecast') IS NOT NULL AS there",
  );
  if (rows[0]?.there === true) return;
  const message = "The database has no tables cities and forecast: start the API on it once, which creates them.";
  throw new CommandError(message, "targetUnfit");
}

function messageOf(error: unknown): string {
  // Several addresses were tried.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
