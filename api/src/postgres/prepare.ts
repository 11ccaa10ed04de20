import type { Log } from "../operations/log.ts";
import type { DatabaseConfig } from "./connection.ts";
import { classifyFailure } from "./failures.ts";
import { migrate, SchemaTooNew } from "./migrations.ts";
import { connectToPrimary, type PrimarySearch } from "./primary.ts";
import { seedSampleData } from "./sample-data.ts";

const PAUSE_MS = 500;
const REMINDER_MS = 5_000;

/**
 * Migrates the database and puts the sample data in where asked for. Waits for a database that is down, and says so.
 * Throws what waiting would not mend: existing rows that cannot be taken over, missing permissions, a newer schema.
 */
export async function prepareDatabase(
  database: DatabaseConfig,
  options: {
    readonly search: Omit<PrimarySearch, "applicationName">;
    readonly sampleData: boolean;
    /** Bound on each statement, ms. */
    readonly deadlineMs: number;
    /** Ends the waiting. */
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
      if (performance.now() - reported > REMINDER_MS) {
        reported = performance.now();
        log.warn({ reason: error instanceof Error ? error.message : String(error) }, "waiting for the database");
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
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
