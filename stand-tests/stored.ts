import { deleteRunSql, monotonicMs, type NodeRows, parseRowLines, rowsOfRunSql } from "../chaos/src/index.ts";
import type { Machine } from "../stand/src/index.ts";
import { type Stand, until } from "./stand.ts";
import type { Roles } from "./steady.ts";

/** A replica that streams needs milliseconds. */
const CATCH_UP_MS = 30_000;

/** What both database machines hold of a run, each asked on the machine itself, when the replica has all that the primary had. */
export async function storedOnBoth(
  stand: Stand,
  { primary, replica }: Roles,
  run: string,
  signal: AbortSignal,
): Promise<NodeRows[]> {
  const written = (await stand.sql(primary, "SELECT pg_current_wal_lsn()")).trim();
  await until(
    async () => {
      const replayed = await stand.sql(replica, `SELECT pg_last_wal_replay_lsn() >= '${written}'`);
      return replayed.trim() === "t" ? { answer: true } : { missing: `${replica.name} has not replayed ${written}` };
    },
    { deadlineMs: CATCH_UP_MS, everyMs: 100, signal },
  );
  return [await storedOn(stand, primary, run), await storedOn(stand, replica, run)];
}

async function storedOn(stand: Stand, machine: Machine, run: string): Promise<NodeRows> {
  const readAt = monotonicMs();
  const lines = await stand.sql(machine, `SELECT row_to_json(r) FROM (${rowsOfRunSql(run)}) r`);
  return { node: machine.name, readAt, rows: parseRowLines(lines) };
}

/** So that rounds do not make each other slower. The API sees that rows are gone and loads its data anew. */
export async function forgetRun(stand: Stand, { primary }: Roles, run: string): Promise<void> {
  await stand.sql(primary, deleteRunSql(run));
}
