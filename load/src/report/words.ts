import { duration } from "@goldenring/run-kit";
import type { Load, ObjectiveVerdict, RunRecord } from "../record/record.ts";
import { withUnit } from "./numbers.ts";

/** What the data call by a short name, in words. */
const OBJECTIVE_NAMES: Readonly<Record<ObjectiveVerdict["name"], string>> = {
  p95: "95 % of the answers within",
  p90: "90 % of the answers within",
  errors: "Failed requests at most",
  checks: "Checks that hold at least",
};

const ENDS: Readonly<Record<RunRecord["endedBy"], string>> = {
  "objective missed": "Ended when an objective broke",
  ramp: "Ended with its ramp, as planned",
  duration: "Ended after its time, as planned",
  interrupted: "Interrupted before its end",
  "target unreachable": "Ended because the target was away",
  "k6 failed": "Ended because k6 failed",
};

export function objectiveInWords({ name, limit }: ObjectiveVerdict): string {
  return `${OBJECTIVE_NAMES[name]} ${objectiveFigure(name, limit)}`;
}

export function objectiveFigure(name: ObjectiveVerdict["name"], value: number | undefined): string {
  return withUnit(value, name === "p95" || name === "p90" ? "ms" : "%");
}

export function endInWords({ endedBy }: Pick<RunRecord, "endedBy">): string {
  return ENDS[endedBy];
}

/** Whether the run got to an end that says something about the service. */
export function cameToItsEnd({ endedBy }: Pick<RunRecord, "endedBy">): boolean {
  return endedBy === "objective missed" || endedBy === "ramp" || endedBy === "duration";
}

export function loadInWords(load: Load): string {
  return load.kind === "constant"
    ? `${load.users} users all the time`
    : `${load.stepUsers} users more every ${duration(load.stepSeconds)}, up to ${load.maxUsers}`;
}

export function commitInWords({ commit, dirty }: Pick<RunRecord, "commit" | "dirty">): string {
  return dirty ? `${commit} with changes` : commit;
}

export function machineInWords({ computer }: Pick<RunRecord, "computer">): string {
  const { cores, cpu, memoryMiB, os } = computer;
  return `${cores} cores (${cpu}), ${Math.round(memoryMiB / 2 ** 10)} GB, ${os}`;
}

export function buildInWords({ target }: Pick<RunRecord, "target">): string {
  const words = Object.entries(target.build).map(([name, value]) => `${name} ${value}`);
  return words.length === 0 ? "unknown" : words.join(", ");
}

export function dataInWords({ target }: Pick<RunRecord, "target">): string {
  return `${target.cities.toLocaleString("en")} cities, ${target.values.toLocaleString("en")} values`;
}

/** "The objectives held", or which of them did not. */
export function verdictInWords({ verdict }: Pick<RunRecord, "verdict">): string {
  const broken = verdict.filter(({ isHeld }) => !isHeld).map(({ name }) => name);
  return broken.length === 0 ? "The objectives held" : `Broken: ${broken.join(", ")}`;
}
