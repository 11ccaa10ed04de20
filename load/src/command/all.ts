import { CommandError, EXIT, interruptedExit } from "@goldenring/run-kit";
import { estimate, FULL, PARTS, type PartName, SHORT } from "../all/parts.ts";
import { type Bar, barsOf } from "../report/bars.ts";
import { entriesOf, mergeEntries, type ResultEntry } from "../report/results.ts";
import { writeLoadResults } from "../report/write-results.ts";
import type { LoadDeps } from "./deps.ts";
import { MEASURES } from "./measure-parts.ts";
import { openStand } from "./stand-session.ts";

export interface AllOptions {
  readonly only?: readonly PartName[];
  readonly full: boolean;
  readonly write: boolean;
  readonly keepData: boolean;
  readonly runs?: string;
}

/**
 * Measures every bar on the stand that is up: part by part, each of which is written when it is done, so that what was interrupted
 * goes on with `--only`. However it ends, the product serves again and the data are those of before.
 *
 * @returns the exit code: sloBroken where a bar that was measured does not hold
 */
export async function measureAll(options: AllOptions, deps: LoadDeps): Promise<number> {
  const { output, signal } = deps;
  const parts = options.only ?? PARTS;
  const lengths = options.full ? FULL : SHORT;
  const stand = await openStand(options, lengths, deps);
  const minutes = (seconds: number): string => `${(seconds / 60).toFixed(0)} min`;
  const total = parts.reduce((sum, part) => sum + estimate(part, lengths), 0);
  output.log(
    `about ${minutes(total)} at most: ${parts.map((part) => `${part} ${minutes(estimate(part, lengths))}`).join(", ")}`,
  );
  let entries: ResultEntry[] = [];
  const failures: string[] = [];
  try {
    await stand.makeReady();
    for (const part of parts) {
      if (signal.aborted) break;
      const begun = performance.now();
      output.log(`\n== ${part}`);
      const measured = await MEASURES[part](stand).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        if (!(error instanceof CommandError)) throw error;
        failures.push(`${part}: ${error.message}`);
        output.log(`${part} was not measured: ${error.message}`);
        return undefined;
      });
      if (measured === undefined || signal.aborted) continue;
      const fresh = { runs: measured.runs, capacities: measured.capacities ?? [], command: commandOf(options) };
      const known = options.write
        ? await writeLoadResults(fresh)
        : entriesOf(fresh.runs, fresh.capacities, fresh.command);
      entries = mergeEntries(entries, known);
      output.log(`${part} took ${((performance.now() - begun) / 60_000).toFixed(1)} min`);
    }
  } finally {
    await stand.putBack();
  }
  return verdictOf(
    barsOf(entries).filter(({ part }) => parts.includes(part)),
    failures,
    deps,
  );
}

function verdictOf(bars: readonly Bar[], failures: readonly string[], { output, signal }: LoadDeps): number {
  for (const { scenario, bar, measured, held, isGoal } of bars) {
    const word = held === undefined ? "-" : held ? "held" : isGoal ? "not reached" : "BROKEN";
    output.result(`${word.padEnd(11)}  ${scenario}: ${bar}: ${measured}`);
  }
  if (signal.aborted) {
    output.log("interrupted: what was finished is kept; --only measures the rest");
    return interruptedExit(signal);
  }
  if (failures.length > 0) {
    for (const failure of failures) output.log(failure);
    return EXIT.failed;
  }
  return bars.every(({ held, isGoal }) => held !== false || isGoal) ? EXIT.ok : EXIT.objectiveMissed;
}

function commandOf({ only, full, write }: AllOptions): string {
  const words = [...(only === undefined ? [] : ["--only", only.join(",")]), full && "--full", write && "--write"];
  return ["./ring load all", ...words.filter((word) => word !== false)].join(" ");
}
