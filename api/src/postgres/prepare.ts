import type { Log } from "../operations/log.ts";
import type { DatabaseConfig } from "./connection.ts";
import { classifyFailure } from "./failures.ts";
import { migrate, SchemaTooNew } from "./migrations.ts";
import { connectToPrimary, type PrimarySearch } from "./primary.ts";
import { seedSampleData } from "./sample-data.ts";

const RETRY_PAUSE_MS = 500;
const REMINDER_INTERVAL_MS = 5_000;

/**
 * Migrates the database and inserts the sample data if configured. Waits for a database that is unavailable, and logs it.
 * Throws what waiting cannot fix: existing rows that cannot be taken over, missing permissions, a newer schema.
 */
export async function prepareDatabase(
  database: DatabaseConfig,
  options: {
    readonly search: Omit<PrimarySearch, "applicationName">;
    readonly sampleData: boolean;
    /** Of each statement. */
    readonly deadlineMs: number;
    /** Ends the wait. */
    readonly stopped: () => boolean;
  },
  log: Log,
): Promise<void> {
  let reported = Number.NEGATIVE_INFINITY;
  while (!options.stopped()) {
    try {
      return await prepareOnce(database, options, log);
    } catch (error) {
      if (error instanceof SchemaTooNew || classifyFailure(error) !== "retry") throw error;
      if (performance.now() - reported > REMINDER_INTERVAL_MS) {
        reported = performance.now();
        log.warn({ reason: error instanceof Error ? error.message : String(error) }, "waiting for the database");
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
    }
  }
}

async function prepareOnce(
  database: DatabaseConfig,
  options: Parameters<typeof prepareDatabase>[1],
  log: Log,
): Promise<void> {
  const { connection } = await connectToPrimary(database, {
    ...options.search,
    applicationName: "goldenring migrations",
  });
  try {
    await migrate(connection, {
      deadlineMs: options.deadlineMs,
      onApplied: (title) => log.info({ migration: title }, "migrated"),
      ...(options.sampleData ? { seed: (session) => seedSampleData(session, new Date(), options.deadlineMs) } : {}),
    });
  } finally {
    await connection.close();
  }
}
