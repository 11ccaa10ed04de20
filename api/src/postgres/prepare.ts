import { setTimeout as delay } from "node:timers/promises";
import { type Log, messageOf, reminder } from "../operations/log.ts";
import type { DatabaseConfig } from "./connection.ts";
import { classifyFailure } from "./failures.ts";
import { migrate, UnusableDatabase } from "./migrate.ts";
import { MigrationSession, type Waiting } from "./migration-session.ts";
import { PrimaryFinder, type PrimarySearch } from "./primary.ts";
import { seedSampleData } from "./sample-data.ts";
import { describeSession } from "./sessions.ts";

const RETRY_PAUSE_MS = 500;
const REMINDER_INTERVAL_MS = 5_000;

export interface PrepareOptions {
  readonly search: Omit<PrimarySearch, "applicationName">;
  readonly sampleData: boolean;
  /** Of each statement of the sample data. */
  readonly deadlineMs: number;
  /** Ends the wait. */
  readonly stopped: () => boolean;
  /** Called with what is waited for, for readiness, and with undefined when it goes on. */
  readonly onWaiting?: (description: string | undefined) => void;
}

/**
 * Migrates the database and inserts the sample data if configured. Waits for a database that is unavailable, and for
 * transactions that hold locks, and logs it. Throws what waiting cannot fix: existing rows that cannot be taken over,
 * missing permissions, a newer schema.
 */
export async function prepareDatabase(database: DatabaseConfig, options: PrepareOptions, log: Log): Promise<void> {
  const remind = reminder(REMINDER_INTERVAL_MS);
  while (!options.stopped()) {
    try {
      return await prepareOnce(database, options, log);
    } catch (error) {
      if (error instanceof UnusableDatabase || classifyFailure(error) !== "retry") throw error;
      const reason = messageOf(error);
      remind(() => log.warn({ reason }, "waiting for the database"));
      await delay(RETRY_PAUSE_MS);
    }
  }
}

async function prepareOnce(database: DatabaseConfig, options: PrepareOptions, log: Log): Promise<void> {
  const search = { ...options.search, applicationName: "goldenring migrations" };
  const { connection } = await new PrimaryFinder(database, search).find();
  const remind = reminder(REMINDER_INTERVAL_MS);
  const onWaiting = (waiting: Waiting | undefined): void => {
    options.onWaiting?.(waiting && describeWait(waiting));
    if (!waiting) return;
    const { what, seconds, sessions } = waiting;
    remind(() => log.warn({ migration: what, seconds: Math.round(seconds), sessions }, "waiting for other sessions"));
  };
  const { stopped } = options;
  let session: MigrationSession | undefined;
  try {
    const { connectDeadlineMs } = search;
    session = await MigrationSession.on(connection, { database, connectDeadlineMs, stopped, onWaiting });
    await migrate(session, {
      onApplied: (title) => log.info({ migration: title }, "migrated"),
      ...(options.sampleData ? { seed: () => seedSampleData(connection, new Date(), options.deadlineMs) } : {}),
    });
  } finally {
    options.onWaiting?.(undefined);
    await session?.close();
    await connection.close();
  }
}

function describeWait({ what, seconds, sessions }: Waiting): string {
  const who = sessions.map(describeSession).join(", ");
  return `the migration "${what}" has waited ${Math.round(seconds)} s for ${who}`;
}
