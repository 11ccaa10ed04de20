import { isDeepStrictEqual } from "node:util";
import { CommandError, EXIT, interruptedExit } from "@goldenring/run-kit";
import {
  BASELINE_CITIES,
  BASELINE_HEAVY_SHARE,
  BASELINE_HEAVY_USERS,
  estimates,
  LENGTHS,
  PARTS,
  type PartName,
  STEADY_USERS,
  type Step,
  steadily,
  stepsOf,
} from "../all/parts.ts";
import { SIZE_OF_2023 } from "../record/record.ts";
import {
  entriesOf,
  type MeasuredLoad,
  type MeasuredRun,
  mergeEntries,
  type ResultEntry,
  type Side,
} from "../report/results.ts";
import { writeLoadResults } from "../report/results-page.ts";
import { targetsOf, verdictOf } from "../report/targets.ts";
import { sizeText } from "../report/words.ts";
import { scenarioNamed } from "../scenarios.ts";
import { measureCapacity } from "./capacity.ts";
import type { LoadDeps } from "./deps.ts";
import { type OptionValues, RUNS, someOf } from "./option-table.ts";
import { StandSession } from "./stand-session.ts";

export const ALL_OPTIONS = {
  only: ["--only <parts>", `these parts, separated by commas: ${PARTS.join(", ")}`, someOf(PARTS)],
  full: ["--full", "full lengths, as in 2023: hours instead of about 35 minutes"],
  write: ["--write", "update docs/results/load.md and load.json; figures of other parts stay"],
  keepData: ["--keep-data", "keep the data that were added"],
  ...RUNS,
} as const;
type AllOptions = OptionValues<typeof ALL_OPTIONS>;

/**
 * Compares every figure that has a target with it: part by part, each written when it is complete, so that `--only` resumes. However it ends, the product
 * serves again and the data are those of before. @returns the exit code: objectiveMissed where a measured figure misses its target
 */
export async function measureAll(options: AllOptions, deps: LoadDeps): Promise<number> {
  const { output, signal } = deps;
  const parts: readonly PartName[] = options.only ?? PARTS;
  const lengths = LENGTHS[options.full ? "full" : "short"];
  await requireSizeOf2023(deps);
  const stand = await StandSession.open(lengths, deps);
  const seconds = estimates(lengths);
  const minutes = (some: readonly PartName[]): string =>
    `${(some.reduce((sum, part) => sum + seconds[part], 0) / 60).toFixed(0)} min`;
  output.log(`takes up to about ${minutes(parts)}: ${parts.map((part) => `${part} ${minutes([part])}`).join(", ")}`);
  let entries: ResultEntry[] = [];
  const failures: string[] = [];
  try {
    for (const part of parts) {
      if (signal.aborted) break;
      const startedAt = performance.now();
      output.log(`\n== ${part}`);
      const measured = await measurePart(part, stand).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        if (!(error instanceof CommandError)) throw error;
        failures.push(`${part} was not measured: ${error.message}`);
        output.log(failures.at(-1) ?? "");
        return undefined;
      });
      if (measured === undefined || signal.aborted) continue;
      const load = { ...measured, command: commandOf(options) };
      entries = mergeEntries(entries, options.write ? await writeLoadResults(load) : entriesOf(load));
      output.log(`${part} took ${((performance.now() - startedAt) / 60_000).toFixed(1)} min`);
    }
  } finally {
    await stand.close({ keepData: options.keepData === true });
  }
  const targets = targetsOf(entries).filter(({ part }) => parts.includes(part));
  for (const each of targets) {
    output.result(`${(verdictOf(each) ?? "-").padEnd(11)}  ${each.scenario}: ${each.target}: ${each.measured}`);
  }
  if (signal.aborted) {
    output.log("interrupted: complete parts are kept; --only measures the others");
    return interruptedExit(signal);
  }
  for (const failure of failures) output.log(failure);
  if (failures.length > 0) return EXIT.failed;
  return targets.some(({ held, isGoal }) => held === false && !isGoal) ? EXIT.objectiveMissed : EXIT.ok;
}

/** The targets are those of one size. */
async function requireSizeOf2023({ stand }: LoadDeps): Promise<void> {
  const { size = SIZE_OF_2023 } = (await stand?.()) ?? {};
  if (isDeepStrictEqual(size, SIZE_OF_2023)) return;
  const { replicas, cpu, memoryMiB } = SIZE_OF_2023;
  throw new CommandError(
    `The targets are for ${sizeText(SIZE_OF_2023)}; this stand has ${sizeText(size)}: ` +
      `\`ring up --replicas ${replicas} --replica-cpu ${cpu} --replica-memory ${memoryMiB}\`. \`ring load sizes\` measures other sizes.`,
    "usage",
  );
}

function commandOf({ only, full, write }: AllOptions): string {
  const words = [only && `--only ${only.join(",")}`, full && "--full", write && "--write"];
  return ["./ring load all", ...words.filter(Boolean)].join(" ");
}

type Measured = Omit<MeasuredLoad, "command">;

export async function measurePart(part: PartName, stand: StandSession): Promise<Measured> {
  if (part === "capacity") return capacity(stand);
  if (part === "baseline") return baseline(stand);
  const runs: MeasuredRun[] = [];
  for (const step of stepsOf(stand.lengths)[part]) {
    await stand.setData(step.data);
    runs.push(await stand.run({ part, ...step }));
  }
  return { runs };
}

async function capacity(stand: StandSession): Promise<Measured> {
  const { lengths, deps } = stand;
  await stand.setData(0);
  const found = await measureCapacity(scenarioNamed("browse-cities"), { start: STEADY_USERS, ...lengths.search }, deps);
  deps.signal.throwIfAborted();
  if (found.record === undefined) throw new CommandError("No step of the search was measured.");
  return { runs: [], capacities: [{ side: "ours", capacity: found.capacity, record: found.record }] };
}

async function baseline(stand: StandSession): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  await stand.setData(0);
  for (const { replicas, users } of BASELINE_CITIES) {
    const measureBoth = (on: StandSession) => bothSides(on, "browse-cities", { ours: users, baseline: users });
    runs.push(...(await (replicas === 1 ? stand.withOneReplica(measureBoth) : measureBoth(stand))));
  }
  for (const share of [BASELINE_HEAVY_SHARE, 1]) {
    await stand.setData(share);
    runs.push(...(await bothSides(stand, "heavy-query", BASELINE_HEAVY_USERS)));
  }
  return { runs };
}

async function bothSides(stand: StandSession, scenario: Step["scenario"], users: Readonly<Record<Side, number>>) {
  const of = (side: Side) => {
    return { part: "baseline" as const, scenario, side, ...steadily(users[side], stand.lengths.baseline) };
  };
  const ours = await stand.run(of("ours"));
  const { facts, visited } = await stand.inspect(scenario);
  const inspection = { visited, facts: { ...facts, build: { service: "baseline" } } };
  return [ours, await stand.withBaseline(() => stand.run({ ...of("baseline"), inspection }))];
}
