import type { Output } from "@goldenring/run-kit";
import { SCENARIOS } from "../../k6/scenario-table.ts";

/** The scenarios and what the report's stand reached with each. */
export function listScenarios(output: Output): void {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  for (const { name, about, report } of SCENARIOS) {
    output.result(`${name.padEnd(width)}  ${about}`);
    output.result(`${" ".repeat(width)}  the report: ${report}`);
  }
}
