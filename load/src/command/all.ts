import { CommandError, EXIT, interruptedExit } from "@goldenring/run-kit";
import { estimate, FULL, PARTS, type PartName, SHORT } from "../all/parts.ts";
import { entriesOf, mergeEntries, type ResultEntry } from "../report/results.ts";
import { type Target, targetsOf } from "../report/targets.ts";
import { writeLoadResults } from "../report/write.ts";
import type { LoadDeps } from "./deps.ts";
import { MEASURES, type Measured } from "./measure-parts.ts";
import { StandSession } from "./stand-session.ts";

export interface AllOptions {
  readonly only?: readonly PartName[] | undefined;
  readonly full?: boolean | undefined;
  readonly write?: boolean | undefined;
  readonly keepData?: boolean | undefined;
  readonly runs?: string | undefined;
}

/**
 * Compares every figure that has a target with it, on the running stand: part by part, each of which is written when it is complete, so that an
 * interrupted run is resumed by `--only`. However it ends, the product serves again and the data are those of before.
 *
 * @returns the exit code: objectiveMissed where a measured figure misses its target
 */
export async function measureAll(options: AllOptions, deps: LoadDeps): Promise<number> {
  const { output, signal } = deps;
  const parts = options.only ?? PARTS;
  const lengths = options.full ? FULL : SHORT;
  const stand = await StandSession.open(lengths, options.runs ?? deps.runs, deps);
  const total = parts.reduce((sum, part) => sum + estimate(part, lengths), 0);
  const each = parts.map((part) => `${part} ${minutes(estimate(part, lengths))}`);
  output.log(`takes up to about ${minutes(total)}: ${each.join(", ")}`);
  let entries: ResultEntry[] = [];
  const failures: string[] = [];
  try {
    await stand.prepare();
    for (const part of parts) {
      if (signal.aborted) break;
      const startedAt = performance.now();
      output.log(`\n== ${part}`);
      const measured = await measure(part, stand, failures);
      if (measured === undefined || signal.aborted) continue;
      entries = mergeEntries(entries, await resultsOf(measured, options));
      output.log(`${part} took ${((performance.now() - startedAt) / 60_000).toFixed(1)} min`);
    }
  } finally {
    await stand.close({ keepData: options.keepData === true });
  }
  showFigures(
    targetsOf(entries).filter(({ part }) => parts.includes(part)),
    deps,
  );
  if (signal.aborted) {
    output.log("interrupted: complete parts are kept; --only measures the others");
    return interruptedExit(signal);
  }
  for (const failure of failures) output.log(failure);
  if (failures.length > 0) return EXIT.failed;
  const missed = targetsOf(entries).some(({ part, held, isGoal }) => parts.includes(part) && held === false && !isGoal);
  return missed ? EXIT.objectiveMissed : EXIT.ok;
}

/** Undefined where the part could not be measured; why is added to `failures`. */
async function measure(part: PartName, stand: StandSession, failures: string[]): Promise<Measured | undefined> {
  const { output, signal } = stand.deps;
  try {
    return await MEASURES[part](stand);
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!(error instanceof CommandError)) throw error;
    failures.push(`${part} was not measured: ${error.message}`);
    output.log(failures.at(-1) ?? "");
    return undefined;
  }
}

async function resultsOf({ runs, capacities = [] }: Measured, options: AllOptions): Promise<ResultEntry[]> {
  const measured = { runs, capacities, command: commandOf(options) };
  return options.write ? writeLoadResults(measured) : entriesOf(measured);
}

function showFigures(targets: readonly Target[], { output }: LoadDeps): void {
  for (const { scenario, target, measured, held, isGoal } of targets) {
    const verdict = held === undefined ? "-" : held ? "held" : isGoal ? "not reached" : "MISSED";
    output.result(`${verdict.padEnd(11)}  ${scenario}: ${target}: ${measured}`);
  }
}

function minutes(seconds: number): string {
  return `${(seconds / 60).toFixed(0)} min`;
}

function commandOf({ only, full, write }: AllOptions): string {
  const words = [only && `--only ${only.join(",")}`, full && "--full", write && "--write"];
  return ["./ring load all", ...words.filter(Boolean)].join(" ");
}
