import { type Content, commitText, computerText, marked, plural, timeOrCount } from "@goldenring/run-kit";
import type { ExperimentRun, FaultRecord, JudgedExpectation } from "../run/record.ts";

const ENDS: Readonly<Record<ExperimentRun["endedBy"], string>> = {
  held: "the hypothesis held",
  deviated: "deviated from the hypothesis",
  aborted: "aborted",
  "not-undone": "a fault was not undone",
  "not-steady": "the stand was not steady",
  failed: "failed",
  interrupted: "interrupted",
  terminated: "stopped",
};

/** How a run ended, in two or three words. */
export function endText({ endedBy }: Pick<ExperimentRun, "endedBy">): string {
  return ENDS[endedBy];
}

export function endMark(run: Pick<ExperimentRun, "endedBy">): Content {
  return marked(endText(run), run.endedBy === "held");
}

/** Whether the run came to an end that tells something about the stand. */
export function isComplete({ endedBy }: Pick<ExperimentRun, "endedBy">): boolean {
  return endedBy === "held" || endedBy === "deviated";
}

type Verdict = JudgedExpectation["verdict"] | "measured";

/** Records say `stated` where no target was set. */
export function verdictText(verdict: Verdict): Exclude<Verdict, "stated"> {
  return verdict === "stated" ? "measured" : verdict;
}

export function verdictMark({ verdict }: { readonly verdict: Verdict }): Content {
  const text = verdictText(verdict);
  return text === "measured" ? text : marked(text, text === "held");
}

/** "at most 3 s"; undefined where no target was set. */
export function targetText({
  comparison,
  limit,
  unit,
}: Pick<JudgedExpectation, "comparison" | "limit" | "unit">): string | undefined {
  return comparison === null || limit === null ? undefined : `${comparison} ${timeOrCount(limit, unit)}`;
}

/** "4 of 5", of the rounds in which the expectation was judged; undefined where it was in none. */
export function heldRounds({ rounds }: Pick<ExperimentRun, "rounds">, index: number): string | undefined {
  const judged = rounds.flatMap(({ verdicts }) => verdicts[index] ?? []).filter(({ verdict }) => verdict !== "stated");
  const held = judged.filter(({ verdict }) => verdict === "held");
  return judged.length === 0 ? undefined : `${held.length} of ${judged.length}`;
}

/** Each reason why an expectation was not held, with its rounds where these are not all. */
export function reasons({ rounds }: Pick<ExperimentRun, "rounds">, index: number): string[] {
  const all = rounds.flatMap(({ number, verdicts }) => {
    const why = verdicts[index]?.why;
    return why === undefined ? [] : [{ number, why }];
  });
  return [...Map.groupBy(all, ({ why }) => why)].map(([why, of]) => {
    if (of.length === rounds.length) return why;
    return `${of.length === 1 ? "round" : "rounds"} ${of.map(({ number }) => number).join(", ")}: ${why}`;
  });
}

export function standText({ stand: { name, kind, target } }: Pick<ExperimentRun, "stand">): string {
  return `${name} (${kind === "lab" ? "machines of the lab" : "machines over ssh"}), through ${target}`;
}

/** Of every report of a run: where and by what it was made. */
export function provenanceTexts(run: ExperimentRun) {
  return { commit: commitText(run), stand: standText(run), computer: computerText(run) };
}

/** "pg-01: 30 % of what it sends is lost". */
export function faultText({ machine, words }: Pick<FaultRecord, "machine" | "words">): string {
  return `${machine}: ${words}`;
}

export function loadText({ clients, intervalMs }: ExperimentRun["experiment"]["load"]): string {
  return `${plural(clients, "client")}, each reads and writes every ${intervalMs} ms`;
}

export function backgroundText({ background }: ExperimentRun["experiment"]["load"]): string {
  if (background === null) return "none";
  return `${plural(background.users, "user")}, GET ${background.path} every ${background.intervalMs} ms`;
}

/** ms of a round as its seconds. */
export function second(ms: number): number {
  return Math.round(ms) / 1_000;
}
