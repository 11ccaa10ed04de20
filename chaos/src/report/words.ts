import { type Content, commitText, computerText, marked, plural, timeOrCount } from "@goldenring/run-kit";
import { ENDS, type ExperimentRun, type JudgedExpectation } from "../run/record.ts";
import BASELINE_2023 from "./baseline-2023.json";
import PRODUCT_CHANGES from "./product-changes.json";

export function endText({ endedBy }: Pick<ExperimentRun, "endedBy">): string {
  return ENDS[endedBy].text;
}

export function endMark(run: Pick<ExperimentRun, "endedBy">): Content {
  return marked(endText(run), run.endedBy === "held");
}

export function verdictMark({ verdict }: Pick<JudgedExpectation, "verdict">): Content {
  return verdict === "measured" ? verdict : marked(verdict, verdict === "held");
}

type Limits = Pick<JudgedExpectation, "medianLimit" | "worstLimit" | "unit"> & {
  readonly comparison?: JudgedExpectation["comparison"] | undefined;
  readonly limit?: JudgedExpectation["limit"] | undefined;
};

/** "at most 3 s, median 1 s, worst 2 s"; undefined where no target was set. */
export function targetText({ comparison, limit, medianLimit, worstLimit, unit }: Limits): string | undefined {
  const limits = [
    ["", limit],
    ["median ", medianLimit],
    ["worst ", worstLimit],
  ] as const;
  const texts = limits.flatMap(([of, most]) => (most == null ? [] : [`${of}${timeOrCount(most, unit)}`]));
  return comparison && texts.length > 0 ? `${comparison} ${texts.join(", ")}` : undefined;
}

/** "4 of 5", of the rounds in which the expectation was judged; undefined where it was in none. */
export function heldRounds({ rounds }: Pick<ExperimentRun, "rounds">, index: number): string | undefined {
  const verdicts = rounds.flatMap(({ verdicts }) => verdicts[index]?.verdict ?? []);
  const judged = verdicts.filter((verdict) => verdict !== "measured");
  return judged.length === 0
    ? undefined
    : `${judged.filter((verdict) => verdict === "held").length} of ${judged.length}`;
}

/** Each reason why an expectation was not held, with its rounds where these are not all. */
export function reasons({ rounds }: Pick<ExperimentRun, "rounds">, index: number): string[] {
  const byReason = Map.groupBy(rounds, ({ verdicts }) => verdicts[index]?.why);
  return [...byReason].flatMap(([why, of]) => {
    if (why === undefined || of.length === rounds.length) return why ?? [];
    return `${of.length === 1 ? "round" : "rounds"} ${of.map(({ number }) => number).join(", ")}: ${why}`;
  });
}

/** Of every report of a run: where and by what it was made. */
export function provenanceTexts(run: ExperimentRun) {
  const { name, kind, target } = run.stand;
  const stand = `${name} (${kind === "lab" ? "machines of the lab" : "machines over ssh"}), through ${target}`;
  return { commit: commitText(run), stand, computer: computerText(run) };
}

export function loadText({ load: { clients, intervalMs }, service }: ExperimentRun["experiment"]): string {
  return `${plural(clients, "client")}, each reads${service?.writes.length === 0 ? "" : " and writes"} every ${intervalMs} ms`;
}

export function backgroundText({ background }: ExperimentRun["experiment"]["load"]): string {
  if (background === null) return "none";
  return `${plural(background.users, "user")}, GET ${background.path} every ${background.intervalMs} ms`;
}

/** ms of a round as its seconds. */
export function second(ms: number): number {
  return Math.round(ms) / 1_000;
}

/**
 * What the course report of December 2023 did, expected and saw in its experiment of the same kind, and in its `difference` what its figures leave
 * open, or what differs here. Undefined: nothing of the kind was done.
 */
export function of2023(experiment: string) {
  return BASELINE_2023.find((each) => each.experiment === experiment);
}

/** What the product owes to an experiment: product-changes.json has each change with its measured effect, and where it is. */
export function changesBecauseOf(experiment: string) {
  return PRODUCT_CHANGES.filter(({ experiments }) => experiments.includes(experiment));
}
