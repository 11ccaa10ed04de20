import pg from "pg";
import type { Cluster } from "./cluster.ts";

/** Milliseconds; the server is on this machine and has just said that it is ready. */
const DEADLINE = 30_000;

/**
 * Makes sure that the database `weather` and its owner, the role `weather` that is no superuser, exist, and that this password
 * is the role's.
 */
export async function ensureWeatherDatabase(cluster: Cluster, password: string): Promise<void> {
  const client = new pg.Client({
    connectionString: cluster.superuserUrl("postgres"),
    connectionTimeoutMillis: DEADLINE,
    query_timeout: DEADLINE,
  });
  // A connection that breaks fails the query under way, which is enough.
  client.on("error", () => {});
  await client.connect();
  try {
    // Otherwise a failing statement would put the password into the server's log.
    await client.query("SET log_min_error_statement = panic");
    const roles = await client.query("SELECT FROM pg_roles WHERE rolname = 'weather'");
    await client.query(
      `${roles.rowCount === 0 ? "CREATE" : "ALTER"} ROLE weather
       LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${client.escapeLiteral(password)}`,
    );
    const databases = await client.query("SELECT FROM pg_database WHERE datname = 'weather'");
    if (databases.rowCount === 0) await client.query("CREATE DATABASE weather OWNER weather");
  } finally {
    await client.end();
  }
}
