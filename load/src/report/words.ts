import { duration, plural, shown, withUnit } from "@goldenring/run-kit";
import type { Load, ObjectiveVerdict, RunRecord } from "../record/record.ts";

const OBJECTIVES: Readonly<Record<ObjectiveVerdict["name"], readonly [text: string, unit: "ms" | "%"]>> = {
  p95: ["95 % of the answers within", "ms"],
  p90: ["90 % of the answers within", "ms"],
  errors: ["Failed requests at most", "%"],
  checks: ["Checks that hold at least", "%"],
};

const ENDS: Readonly<Record<RunRecord["endedBy"], readonly [text: string, isComplete?: "complete"]>> = {
  "objective missed": ["Ended when an objective was missed", "complete"],
  ramp: ["Ended with its ramp, as planned", "complete"],
  duration: ["Ended after its time, as planned", "complete"],
  interrupted: ["Interrupted before its end"],
  "target unreachable": ["Ended because the target was unreachable"],
  "k6 failed": ["Ended because k6 failed"],
};

export function objectiveText({ name, limit }: ObjectiveVerdict): string {
  return `${OBJECTIVES[name][0]} ${objectiveFigure(name, limit)}`;
}

export function objectiveFigure(name: ObjectiveVerdict["name"], value: number | undefined): string {
  return withUnit(value, OBJECTIVES[name][1]);
}

export function endText({ endedBy }: Pick<RunRecord, "endedBy">): string {
  return ENDS[endedBy][0];
}

/** Whether the run came to an end that tells something about the service. */
export function isComplete({ endedBy }: Pick<RunRecord, "endedBy">): boolean {
  return ENDS[endedBy][1] !== undefined;
}

export function loadText(load: Load): string {
  return load.kind === "constant"
    ? `${plural(load.users, "user")}, constant`
    : `${shown(load.stepUsers)} more users every ${duration(load.stepSeconds)}, up to ${shown(load.maxUsers)}`;
}

export function buildText({ target }: Pick<RunRecord, "target">): string {
  const words = Object.entries(target.build).map(([name, value]) => `${name} ${value}`);
  return words.length === 0 ? "unknown" : words.join(", ");
}

export function dataText({ target }: Pick<RunRecord, "target">): string {
  return `${target.cities.toLocaleString("en")} cities, ${target.values.toLocaleString("en")} values`;
}

/** "Every objective held", or which of them did not. */
export function verdictText({ verdict }: Pick<RunRecord, "verdict">): string {
  const missed = verdict.filter(({ isHeld }) => !isHeld).map(({ name }) => name);
  return missed.length === 0 ? "Every objective held" : `Missed: ${missed.join(", ")}`;
}
