import { checkHistory, checkOwnService } from "../check/check.ts";
import { type History, readHistory } from "../history/history.ts";
import type { Evidence } from "../judge/evidence.ts";
import { readRoleSamples } from "../roles/samples.ts";
import { storedValues } from "../stored/own-database.ts";
import { storedOnAll } from "../stored/weather-rows.ts";
import type { ObserverFiles } from "./observers.ts";
import type { RunContext } from "./run-context.ts";

type Gathered = "history" | "background" | "samples" | keyof Judged;

export interface FinishedCourse extends Omit<Evidence, Gathered> {
  /** Name of the values that were written. */
  readonly values: string;
  /** Why it ended early. */
  readonly ended: unknown;
}

/** Reads the files of a round, and compares them with what is stored. */
export async function gatherEvidence(
  context: RunContext,
  files: ObserverFiles,
  course: FinishedCourse,
): Promise<Evidence> {
  const history = await readHistory(files.history);
  const background = files.background === undefined ? undefined : await readHistory(files.background);
  const samples = files.roles === undefined ? [] : await readRoleSamples(files.roles);
  const judged = await judgeHistory(context, history, course);
  return { ...course, history, background, samples, ...judged };
}

type Judged = Pick<Evidence, "verdict" | "isStoredKnown" | "isFreshnessKnown">;

async function judgeHistory(context: RunContext, history: History, { after, values }: FinishedCourse): Promise<Judged> {
  const { experiment, journal } = context;
  const orNote = async <Stored>(read: () => Promise<Stored>): Promise<Stored | undefined> => {
    try {
      return await read();
    } catch (error) {
      journal.write("note", `what is stored is not known: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  if (experiment.service) {
    const { database } = experiment.service;
    const stored = database && (await orNote(() => storedValues(database, values)));
    return { verdict: checkOwnService(history, stored), isStoredKnown: stored !== undefined, isFreshnessKnown: false };
  }
  const nodes =
    after?.primary !== undefined ? await orNote(() => storedOnAll(context.stand, after, values)) : undefined;
  return { verdict: checkHistory(history, nodes ?? []), isStoredKnown: nodes !== undefined, isFreshnessKnown: true };
}
