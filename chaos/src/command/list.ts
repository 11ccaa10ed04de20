import { EXPERIMENTS } from "../experiments/registry.ts";
import { FAULTS } from "../faults/registry.ts";
import type { ChaosOutput } from "./deps.ts";

/** The experiments of the book. */
export function list(output: ChaosOutput, json: boolean): void {
  if (json) {
    const rows = EXPERIMENTS.map(({ id, title, hypothesis, rounds }) => ({ id, title, hypothesis, rounds }));
    output.result(JSON.stringify(rows, null, 2));
    return;
  }
  const width = Math.max(...EXPERIMENTS.map(({ id }) => id.length));
  for (const { id, title } of EXPERIMENTS) output.result(`${id.padEnd(width)}  ${title}`);
}

/** The kinds of faults that an experiment may use. */
export function listFaults(output: ChaosOutput): void {
  const width = Math.max(...Object.keys(FAULTS).map((name) => name.length));
  for (const [name, { about }] of Object.entries(FAULTS)) output.result(`${name.padEnd(width)}  ${about}`);
}
