import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ifMissing,
  machineOf,
  messageOf,
  primaryOf,
  type Stand,
  type StandRoles,
  sql,
  untilReplayed,
} from "@goldenring/stand";
import { FinalRow, type NodeRows } from "../check/final-rows.ts";
import { monotonicMs } from "../clock.ts";
import { parseLines } from "../history/lines.ts";

/** What the database machines hold of a run, each asked on the machine itself, once the replica has all that the primary had. */
export async function storedOnAll(stand: Stand, roles: StandRoles, run: string): Promise<readonly NodeRows[]> {
  const { primary, replica } = roles;
  if (primary === undefined) throw new Error("there is no primary to ask what is stored");
  const machines = [primary, ...(replica === undefined ? [] : [replica])].map((name) => machineOf(stand, name));
  const [first, second] = machines;
  if (first && second) await untilReplayed(first, second);
  return Promise.all(
    machines.map(async (machine) => {
      const readAt = monotonicMs();
      return { node: machine.name, readAt, rows: parseRows(await sql(machine, rowsOfRunSql(run))) };
    }),
  );
}

/** The statement that reads a run's rows, as one JSON object each. */
export function rowsOfRunSql(run: string): string {
  return `SELECT row_to_json(r) FROM (SELECT id, "cityId", "dateTime", temperature, summary FROM public.forecast WHERE ${isOfRun(run)} ORDER BY id) r`;
}

/** @param text one JSON object per line. @throws on anything else */
export function parseRows(text: string): readonly FinalRow[] {
  const { lines, cut } = parseLines(text, FinalRow);
  if (cut) throw new Error(`the rows end in the middle of a line: ${text.slice(-80)}`);
  return lines;
}

function isOfRun(run: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(run)) throw new Error(`${run} is no name of a run`);
  return `summary LIKE '${run}:%'`;
}

/**
 * The rounds whose values are in the service of a stand: one file each, from before the first value until the values are deleted, or stay
 * for good as evidence. So those of a run that was killed are found by the next one. The file of a service of one's own has the path of the plan that deletes them.
 *
 * @param standFolder made where it is missing
 */
export function leftValues(standFolder: string) {
  const folder = join(standFolder, "chaos", "values");
  return {
    /** @param values the name that a round gave its values */
    add(values: string, planFile = ""): void {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, values), planFile, { mode: 0o600 });
    },
    planOf: (values: string): string => ifMissing("", () => readFileSync(join(folder, values), "utf8")),
    remove: (values: string): void => rmSync(join(folder, values), { force: true }),
    list: (): readonly string[] => ifMissing([], () => readdirSync(folder)).sort(),
  };
}

/** Deletes what earlier rounds have left in the service. What cannot be deleted now is left to the next time. @param byPlan for services of one's own */
export async function forgetLeftValues(
  stand: Stand,
  log: (text: string) => void,
  byPlan: DeletesByPlan,
): Promise<void> {
  const left = leftValues(stand.folder);
  for (const values of left.list()) {
    const plan = left.planOf(values);
    const why = plan === "" ? await forgetValues(stand, values) : await byPlan(plan, stand);
    if (why === undefined) left.remove(values);
    const fate = why === undefined ? "are deleted" : `stay in the service for now: ${why}`;
    log(`values of an earlier run (${values}) ${fate}`);
  }
}

/** @returns why they stay */
export type DeletesByPlan = (planFile: string, stand: Stand) => Promise<string | undefined>;

/** So that rounds do not slow each other down. The API sees that rows are gone and loads its data again. @returns why they stay */
export async function forgetValues(stand: Stand, values: string): Promise<string | undefined> {
  try {
    await sql(await primaryOf(stand), `DELETE FROM public.forecast WHERE ${isOfRun(values)}`);
    leftValues(stand.folder).remove(values);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
