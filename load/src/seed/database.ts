import { CommandError } from "@goldenring/run-kit";
import { messageOf } from "@goldenring/stand";
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
  /** The authority that has signed the server's certificate (PEM), and the name in it: that of a forwarded port is another one. */
  readonly tls?: { readonly ca: string; readonly servername: string };
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
export async function withDatabase<Result>({ url, tls }: DatabasePlace, use: (client: pg.Client) => Promise<Result>) {
  const client = new pg.Client({
    connectionString: url,
    ...(tls === undefined ? {} : { ssl: tls, enableChannelBinding: true }),
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    query_timeout: STATEMENT_DEADLINE_MS,
    application_name: "goldenring-load",
  });
  // A connection that is lost rejects the query under way; without a listener it would end the process, too.
  client.on("error", () => {});
  try {
    const connected = client.connect();
    // The password is for the stand's own server only, which takes none in these ways.
    if (tls !== undefined) refusePasswords(client);
    await connected;
  } catch (error) {
    throw new CommandError(`The database cannot be reached: ${reasonOf(error)}`, "targetUnreachable");
  }
  try {
    await requireWeatherTables(client);
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function refusePasswords({ connection }: pg.Client): void {
  for (const event of ["authenticationCleartextPassword", "authenticationMD5Password"]) {
    connection.removeAllListeners(event);
    connection.on(event, () => {
      connection.emit("error", new Error("the server asks for the password itself"));
      connection.stream.destroy();
    });
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

function reasonOf(error: unknown): string {
  // Several addresses were tried.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return messageOf(error);
}
