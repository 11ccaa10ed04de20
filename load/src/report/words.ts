import { duration, plural, shown } from "@goldenring/run-kit";
import type { ApiSize, Load, RunRecord } from "../record/record.ts";

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

/** "3 replicas of 0.25 CPU and 128 MiB" */
export function sizeText({ replicas, cpu, memoryMiB }: ApiSize): string {
  return `${plural(replicas, "replica")} of ${cpu} CPU and ${memoryMiB} MiB`;
}
