import { duration, shown } from "@goldenring/run-kit";
import type { ExperimentRun, FaultRecord, JudgedExpectation } from "../run/record.ts";

/** How a run came out, in two or three words. */
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

export function endInWords({ endedBy }: Pick<ExperimentRun, "endedBy">): string {
  return ENDS[endedBy];
}

/** Whether the run got to an end that says something about the stand. */
export function cameToItsEnd({ endedBy }: Pick<ExperimentRun, "endedBy">): boolean {
  return endedBy === "held" || endedBy === "deviated";
}

export const VERDICTS: Readonly<Record<JudgedExpectation["verdict"], string>> = {
  held: "held",
  missed: "missed",
  stated: "stated",
  unknown: "not known",
};

/** From here on times are told in minutes and seconds, ms. */
const MINUTES_FROM = 120_000;

/** A figure of an expectation: times from a second on in seconds, long ones in minutes; the units of what is counted are said by the expectation. */
export function figureInWords(figure: number | null | undefined, unit: string): string {
  if (figure === null || figure === undefined) return "–";
  if (unit !== "ms") return shown(figure);
  if (Math.abs(figure) >= MINUTES_FROM) return `${figure < 0 ? "-" : ""}${duration(Math.abs(figure) / 1_000)}`;
  return Math.abs(figure) < 1_000 ? `${shown(figure)} ms` : `${shown(figure / 1_000)} s`;
}

/** "at most 3 s"; undefined where nothing is promised. */
export function limitInWords({
  comparison,
  limit,
  unit,
}: Pick<JudgedExpectation, "comparison" | "limit" | "unit">): string | undefined {
  return comparison === null || limit === null ? undefined : `${comparison} ${figureInWords(limit, unit)}`;
}

/** "4 of 5", of the rounds in which the expectation was judged; undefined where it was in none. */
export function heldRounds({ rounds }: Pick<ExperimentRun, "rounds">, index: number): string | undefined {
  const judged = rounds.flatMap(({ verdicts }) => verdicts[index] ?? []).filter(({ verdict }) => verdict !== "stated");
  return judged.length === 0
    ? undefined
    : `${judged.filter(({ verdict }) => verdict === "held").length} of ${judged.length}`;
}

/** Each reason why an expectation was not held, with its rounds where these are not all. */
export function reasons({ rounds }: Pick<ExperimentRun, "rounds">, index: number): string[] {
  const told = rounds.flatMap(({ number, verdicts }) => {
    const why = verdicts[index]?.why;
    return why === undefined ? [] : [{ number, why }];
  });
  return [...Map.groupBy(told, ({ why }) => why)].map(([why, of]) => {
    if (of.length === rounds.length) return why;
    return `${of.length === 1 ? "round" : "rounds"} ${of.map(({ number }) => number).join(", ")}: ${why}`;
  });
}

export function commitInWords({ commit, dirty }: Pick<ExperimentRun, "commit" | "dirty">): string {
  const short = /^[0-9a-f]{40}$/.test(commit) ? commit.slice(0, 7) : commit;
  return dirty ? `${short} with changes` : short;
}

export function computerInWords({ computer: { os, cpu, cores, memoryMiB } }: Pick<ExperimentRun, "computer">): string {
  return `${cores} cores (${cpu}), ${Math.round(memoryMiB / 1024)} GB, ${os}`;
}

export function standInWords({ stand: { name, kind, target } }: Pick<ExperimentRun, "stand">): string {
  return `${name} (${kind === "lab" ? "machines of the lab" : "machines over ssh"}), through ${target}`;
}

/** "pg-01: 30 % of what it sends is lost". */
export function faultInWords({ machine, words }: Pick<FaultRecord, "machine" | "words">): string {
  return `${machine}: ${words}`;
}

/** ms of a round as its seconds. */
export function second(ms: number): number {
  return Math.round(ms) / 1_000;
}
