import type { Output } from "@goldenring/run-kit";
import { EXPERIMENTS } from "../book/registry.ts";
import { SUITES, type Suite } from "../book/suites.ts";
import { FAULTS } from "../faults/registry.ts";

/** The experiments of the book, and the suites. */
export function list(output: Output, json: boolean): void {
  if (json) {
    const rows = EXPERIMENTS.map(({ id, title, hypothesis, rounds }) => {
      const suites = Object.entries<Suite>(SUITES).flatMap(([name, { experiments }]) =>
        experiments.includes(id) ? name : [],
      );
      return { id, title, hypothesis, rounds, suites };
    });
    output.result(JSON.stringify(rows, null, 2));
    return;
  }
  output.result(columns(EXPERIMENTS.map(({ id, rounds, title }) => [id, `${rounds}x`, title])));
  output.result("\nSuites (ring chaos run --suite <name>):");
  for (const [name, { about, experiments }] of Object.entries<Suite>(SUITES))
    output.result(`  ${name}: ${about}\n    ${name === "all" ? `all ${experiments.length}` : experiments.join(" ")}`);
}

/** The kinds of faults that an experiment may use. */
export function listFaults(output: Output): void {
  output.result(columns(Object.entries(FAULTS).map(([name, { about }]) => [name, about])));
}

/** Rows with the cells of each column below each other. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function inRounds({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? "round" : "rounds"}`;
}
