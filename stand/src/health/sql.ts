import { waitUntil } from "../computer/wait-for.ts";
import { byRole, must, type Stand, type StandMachine } from "../stand.ts";

const STATEMENT_DEADLINE_MS = 60_000;
/** For an answer that needs no work. */
const ROLE_DEADLINE_MS = 8_000;
/** A replica that streams needs milliseconds. */
const REPLAY_DEADLINE_MS = 30_000;

/**
 * Shell command of psql, for root on a database machine. It reads statements from its input; rows are lines, columns split by `|`. Never as
 * the superuser: what others own in a database (a trigger, an operator) would run with its rights.
 */
export function psql(role: "experiments" | "guardian", database: string): string {
  return `psql -XAtq -v ON_ERROR_STOP=1 -U ${role} -d ${database}`;
}

/** Runs a statement in the API's database, on the machine, as a role that may read and delete values. @throws {Error} with what psql printed */
export function sql(machine: StandMachine, statement: string, deadlineMs = STATEMENT_DEADLINE_MS): Promise<string> {
  return must(machine, psql("experiments", "weather"), { deadlineMs, input: `${statement};` });
}

/** The machine whose PostgreSQL takes writes, by its own word. @throws {Error} where there is none, or two */
export async function primaryOf(stand: Stand): Promise<StandMachine> {
  const machines = byRole(stand, "postgres");
  const answers = await Promise.all(
    machines.map((each) => sql(each, "SELECT pg_is_in_recovery()", ROLE_DEADLINE_MS).catch(() => "no answer")),
  );
  const [primary, second] = machines.filter((_, index) => answers[index]?.trim() === "f");
  if (primary && !second) return primary;
  throw new Error(second ? "there are two primaries" : "there is no primary");
}

/** Resolves when a replica has replayed what the primary has written by now. @throws {Error} after 30 s */
export async function untilReplayed(primary: StandMachine, replica: StandMachine): Promise<void> {
  const written = (await sql(primary, "SELECT pg_current_wal_lsn()")).trim();
  const isReplayed = async (): Promise<boolean> =>
    (await sql(replica, `SELECT pg_last_wal_replay_lsn() >= '${written}'`)).trim() === "t";
  if (await waitUntil(isReplayed, { deadlineMs: REPLAY_DEADLINE_MS })) return;
  throw new Error(`${replica.name} has not replayed ${written} within ${REPLAY_DEADLINE_MS / 1_000} s`);
}
