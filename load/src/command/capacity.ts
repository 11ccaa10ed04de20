import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, EXIT, interruptedExit, makeRunFolder, readRunFile, writeRunFile } from "@goldenring/run-kit";
import type { Scenario } from "../../k6/scenario-table.ts";
import { CAPACITY_FILE, CAPACITY_FORMAT, CapacityFile } from "../capacity/capacity-file.ts";
import { CAPACITY_DEFAULTS, type Capacity, findCapacity, type StepTimes } from "../capacity/find-capacity.ts";
import { judgeStep, type StepResult } from "../capacity/judge-step.ts";
import type { RunRecord } from "../record/record.ts";
import { shownMs } from "../record/verdict.ts";
import { runLoad } from "../run/run.ts";
import type { LoadDeps } from "./deps.ts";
import { type TargetOptions, targetOfRun } from "./load-target.ts";

export interface CapacityCommandOptions extends TargetOptions {
  readonly encoding?: "gzip" | "identity";
  readonly start?: number;
  readonly max?: number;
  readonly warmUpSeconds?: number;
  readonly holdSeconds?: number;
  readonly resolution?: number;
  readonly repeats?: number;
  readonly maxSteps?: number;
  /** Folder of a search that was interrupted. */
  readonly resume?: string;
  readonly runs?: string;
}

/** Finds the most users within the objectives and says what came out. @returns the exit code */
export async function searchCapacity(
  scenario: Scenario,
  options: CapacityCommandOptions,
  deps: LoadDeps,
): Promise<number> {
  const { output } = deps;
  const { capacity, folder } = await findMostUsers(scenario, options, deps);
  output.result(capacityText(capacity, scenario.name));
  output.result(`files: ${folder}`);
  if (capacity.ended !== "interrupted") return capacity.ended === "too many steps" ? EXIT.failed : EXIT.ok;
  const named = options.target === undefined ? "" : ` --target ${options.target}`;
  output.log(`to go on: load capacity ${scenario.name}${named} --resume ${folder}`);
  return interruptedExit(deps.signal);
}

export interface FoundCapacity {
  readonly capacity: Capacity<StepResult>;
  readonly folder: string;
  /** Of the last step; undefined when none was measured. */
  readonly record: RunRecord | undefined;
}

/** Every step is a run of its own. */
export async function findMostUsers(
  scenario: Scenario,
  options: CapacityCommandOptions,
  deps: LoadDeps,
): Promise<FoundCapacity> {
  const { output, signal } = deps;
  const target = await targetOfRun(options, deps);
  const earlier = options.resume === undefined ? undefined : await readEarlier(options.resume, scenario);
  const folder = options.resume ?? (await newFolder(options.runs ?? deps.runs, scenario));
  const { start, max, resolution, repeats, maxSteps, warmUpSeconds, holdSeconds } = CAPACITY_DEFAULTS;
  const search: CapacityFile["search"] = earlier?.search ?? {
    start: options.start ?? start,
    max: options.max ?? max,
    resolution: options.resolution ?? resolution,
    repeats: options.repeats ?? repeats,
    warmUpSeconds: options.warmUpSeconds ?? warmUpSeconds,
    holdSeconds: options.holdSeconds ?? holdSeconds,
  };
  let record: RunRecord | undefined = earlier?.record;
  const steps: StepResult[] = [...(earlier?.steps ?? [])];
  const store = async (ended: CapacityFile["ended"], { held, broke }: { held: number; broke: number | undefined }) => {
    if (record === undefined) return;
    const found = { held, ...(broke === undefined ? {} : { broke }) };
    const content: CapacityFile = { format: CAPACITY_FORMAT, search, ended, ...found, steps: [...steps], record };
    writeRunFile(folder, CAPACITY_FILE, content);
  };
  let storing = Promise.resolve();
  const tryStep = async (users: number, times: StepTimes): Promise<StepResult> => {
    const seconds = times.warmUpSeconds + times.holdSeconds;
    const run = await runLoad({
      scenario,
      ...target,
      // A step is judged by its hold alone: what breaks while users arrive must not end it.
      wishes: {
        users,
        seconds,
        keepGoing: true,
        ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
      },
      runs: join(folder, "steps"),
      signal,
      log: () => {},
      onRow: ({ t, requests }) =>
        output.live(`step with ${users} users: ${t.toFixed(0)} of ${seconds} s, ${requests} req/s`),
    });
    record = run.record;
    if (run.record.endedBy === "target unreachable")
      throw new CommandError("The target went away.", "targetUnreachable");
    return judgeStep(run.record, run.series, users, times);
  };
  output.log(`searching the most users of ${scenario.name} within the objectives; Ctrl-C keeps the steps so far`);
  const capacity = await findCapacity(tryStep, {
    ...search,
    maxSteps: options.maxSteps ?? maxSteps,
    signal,
    earlier: [...steps],
    onStep: (step, so) => {
      steps.push(step);
      output.log(stepLine(step));
      storing = storing.then(() => store("interrupted", so));
    },
  });
  await storing;
  await store(capacity.ended, capacity);
  return { capacity, folder, record };
}

async function newFolder(runs: string, { name }: Scenario): Promise<string> {
  const { folder } = await makeRunFolder(runs, `capacity-${name}`, new Date());
  await mkdir(join(folder, "steps"));
  return folder;
}

async function readEarlier(folder: string, { name }: Scenario): Promise<CapacityFile> {
  const earlier = await readRunFile(folder, CAPACITY_FILE, CapacityFile);
  if (earlier.record.scenario === name) return earlier;
  throw new CommandError(`${folder} is a search of ${earlier.record.scenario}, not of ${name}`, "usage");
}

function stepLine({ users, held, misses, requestsPerSecond, p95, saturation }: StepResult): string {
  const figures = `${requestsPerSecond.toFixed(0)} req/s, p95 ${p95 === undefined ? "-" : shownMs(p95)} ms`;
  const verdict = held ? "held" : `BROKEN: ${misses.join("; ")}`;
  const cause =
    saturation.first === "none" || saturation.first === "not measured" ? "" : `; gave out first: ${saturation.first}`;
  return `${String(users).padStart(6)} users  ${figures}  ${verdict}${cause}`;
}

function capacityText(
  {
    held,
    broke,
    ended,
    steps,
  }: { held: number; broke: number | undefined; ended: string; steps: readonly StepResult[] },
  scenario: string,
): string {
  const causes = [...new Set(steps.filter((step) => !step.held).map(({ saturation }) => saturation.first))];
  const above =
    broke === undefined ? "nothing broke" : `${broke} users broke it (gave out first: ${causes.join(", ")})`;
  const doubt = ended === "found" || ended === "max" ? "" : `; the search is not complete: ${ended}`;
  return `${scenario}: ${held} users within the objectives; ${above}; ${steps.length} steps${doubt}`;
}
