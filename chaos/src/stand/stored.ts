import { setTimeout as delay } from "node:timers/promises";
import type { NodeRows } from "../check/final-rows.ts";
import { monotonicMs } from "../clock.ts";
import { parseRowLines, rowsOfRunSql } from "../history/stored-rows.ts";
import { machineOf, must, type Stand, type StandMachine } from "./stand.ts";
import type { StandRoles } from "./steady.ts";

/** A replica that streams needs milliseconds. */
const CATCH_UP_MS = 30_000;
const STATEMENT_MS = 60_000;

/** What the database machines hold of a run, each asked on the machine itself, when the replica has all that the primary had. */
export async function storedOnAll(
  stand: Stand,
  { primary, replica }: StandRoles,
  run: string,
): Promise<readonly NodeRows[]> {
  if (primary === undefined) throw new Error("there is no primary to ask what is stored");
  const machines = [primary, ...(replica === undefined ? [] : [replica])].map((name) => machineOf(stand, name));
  const [first, second] = machines;
  if (first && second) await untilCaughtUp(first, second);
  return Promise.all(machines.map((machine) => storedOn(machine, run)));
}

async function untilCaughtUp(primary: StandMachine, replica: StandMachine): Promise<void> {
  const written = (await sql(primary, "SELECT pg_current_wal_lsn()")).trim();
  const giveUpAt = performance.now() + CATCH_UP_MS;
  while ((await sql(replica, `SELECT pg_last_wal_replay_lsn() >= '${written}'`)).trim() !== "t") {
    if (performance.now() > giveUpAt)
      throw new Error(`${replica.name} has not replayed ${written} within ${CATCH_UP_MS / 1_000} s`);
    await delay(100);
  }
}

async function storedOn(machine: StandMachine, run: string): Promise<NodeRows> {
  const readAt = monotonicMs();
  const lines = await sql(machine, `SELECT row_to_json(r) FROM (${rowsOfRunSql(run)}) r`);
  return { node: machine.name, readAt, rows: parseRowLines(lines) };
}

/** So that rounds do not make each other slower. The API sees that rows are gone and loads its data anew. */
export async function forgetRun(stand: Stand, { primary }: StandRoles, run: string): Promise<void> {
  if (primary !== undefined)
    await sql(machineOf(stand, primary), `DELETE FROM public.forecast WHERE summary LIKE '${run}:%'`);
}

/** One statement, by the superuser on the machine itself. */
function sql(machine: StandMachine, statement: string): Promise<string> {
  const psql = "cd / && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d weather";
  return must(machine, psql, { deadlineMs: STATEMENT_MS, input: `${statement};` });
}
