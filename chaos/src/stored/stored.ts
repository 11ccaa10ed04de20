import { setTimeout as delay } from "node:timers/promises";
import { byRole, machineOf, must, type Stand, type StandMachine, type StandRoles } from "@goldenring/stand";
import type { NodeRows } from "../check/final-rows.ts";
import { monotonicMs } from "../clock.ts";
import { deleteRunSql, parseRowLines, rowsOfRunSql } from "./stored-rows.ts";

/** An answer that needs no work, ms. */
const LOOK_MS = 8_000;
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

/**
 * So that rounds do not make each other slower. The API sees that rows are gone and loads its data anew.
 *
 * @throws where there is no primary, or it does not do it
 */
export async function forgetRun(stand: Stand, run: string): Promise<void> {
  await sql(await primaryOf(stand), deleteRunSql(run));
}

async function primaryOf(stand: Stand): Promise<StandMachine> {
  const machines = byRole(stand, "postgres");
  const answers = await Promise.all(
    machines.map((machine) => sql(machine, "SELECT pg_is_in_recovery()", LOOK_MS).catch(() => "no answer")),
  );
  const [primary, second] = machines.filter((_, index) => answers[index]?.trim() === "f");
  if (primary && !second) return primary;
  throw new Error(second ? "there are two primaries" : "there is no primary");
}

/** One statement, by the superuser on the machine itself. */
function sql(machine: StandMachine, statement: string, deadlineMs = STATEMENT_MS): Promise<string> {
  const psql = "cd / && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d weather";
  return must(machine, psql, { deadlineMs, input: `${statement};` });
}
