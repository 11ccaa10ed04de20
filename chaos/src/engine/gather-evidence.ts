import { checkHistory, checkOwnService } from "../check/check.ts";
import { type History, readHistory } from "../history/history.ts";
import type { Course, Evidence } from "../judge/evidence.ts";
import { readRoleSamples } from "../roles/samples.ts";
import type { RoundRecord } from "../run/record.ts";
import { storedValues } from "../stored/own-database.ts";
import { storedOnAll } from "../stored/weather-rows.ts";
import type { RunContext } from "./run-context.ts";

type ObserverFiles = RoundRecord["files"];

/** Reads the files of a round, and compares them with what is stored. @param values the name of those that were written */
export async function gatherEvidence(
  context: RunContext,
  files: ObserverFiles,
  course: Course,
  values: string,
): Promise<Evidence> {
  const history = await readHistory(files.history);
  const background = files.background === null ? undefined : await readHistory(files.background);
  const samples = files.roles === null ? [] : await readRoleSamples(files.roles);
  return { ...course, history, background, samples, ...(await judgeHistory(context, history, course, values)) };
}

async function judgeHistory(
  { experiment: { service }, stand, journal }: RunContext,
  history: History,
  { after }: Course,
  values: string,
): Promise<Pick<Evidence, "verdict" | "isStoredKnown" | "isFreshnessKnown">> {
  const orNote = <Stored>(stored: Promise<Stored>): Promise<Stored | undefined> =>
    stored.catch((error: unknown) => {
      journal.write("note", `what is stored is not known: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
  if (service) {
    const stored = service.database && (await orNote(storedValues(service.database, values)));
    return { verdict: checkOwnService(history, stored), isStoredKnown: stored !== undefined, isFreshnessKnown: false };
  }
  const nodes = after?.primary === undefined ? undefined : await orNote(storedOnAll(stand, after, values));
  return { verdict: checkHistory(history, nodes ?? []), isStoredKnown: nodes !== undefined, isFreshnessKnown: true };
}
