import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Scenario } from "../../k6/scenario-table.ts";
import { CAPACITY_FILE, type CapacityFile, readCapacity, writeCapacity } from "../capacity/capacity-file.ts";
import { CAPACITY_DEFAULTS, type Capacity, findCapacity, type StepTimes } from "../capacity/find-capacity.ts";
import { judgeStep, type StepResult } from "../capacity/judge-step.ts";
import { LOAD_EXIT, LoadError } from "../run/exit.ts";
import type { RunRecord } from "../run/record.ts";
import { runLoad } from "../run/run.ts";
import { makeRunFolder } from "../run/run-folder.ts";
import { shownMs } from "../run/verdict.ts";
import type { LoadDeps } from "./deps.ts";
import { type TargetOptions, targetOfRun } from "./target.ts";

export interface CapacityCommandOptions extends TargetOptions {
  readonly encoding?: "gzip" | "identity";
  readonly start?: number;
  readonly most?: number;
  readonly warmUpSeconds?: number;
  readonly holdSeconds?: number;
  readonly resolution?: number;
  readonly repeats?: number;
  readonly mostSteps?: number;
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
  if (capacity.ended !== "interrupted") return capacity.ended === "too many steps" ? LOAD_EXIT.failed : LOAD_EXIT.held;
  const named = options.target === undefined ? "" : ` --target ${options.target}`;
  output.say(`to go on: load capacity ${scenario.name}${named} --resume ${folder}`);
  return deps.interruptedExit();
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
  const { start, most, resolution, repeats, mostSteps, warmUpSeconds, holdSeconds } = CAPACITY_DEFAULTS;
  const search: CapacityFile["search"] = earlier?.search ?? {
    start: options.start ?? start,
    most: options.most ?? most,
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
    await writeCapacity(join(folder, CAPACITY_FILE), { format: 1, search, ended, ...found, steps: [...steps], record });
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
      interruptedExit: deps.interruptedExit,
      say: () => {},
      onRow: ({ t, requests }) =>
        output.live(`step with ${users} users: ${t.toFixed(0)} of ${seconds} s, ${requests} req/s`),
    });
    record = run.record;
    if (run.record.endedBy === "target down") throw new LoadError("The target went away.", LOAD_EXIT.targetDown);
    return judgeStep(run.record, run.series, users, times);
  };
  output.say(`searching the most users of ${scenario.name} within the objectives; Ctrl-C keeps the steps so far`);
  const capacity = await findCapacity(tryStep, {
    ...search,
    mostSteps: options.mostSteps ?? mostSteps,
    signal,
    earlier: [...steps],
    onStep: (step, so) => {
      steps.push(step);
      output.say(stepLine(step));
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
  const earlier = await readCapacity(join(folder, CAPACITY_FILE));
  if (earlier.record.scenario === name) return earlier;
  throw new LoadError(`${folder} is a search of ${earlier.record.scenario}, not of ${name}`, LOAD_EXIT.usage);
}

function stepLine({ users, held, misses, requestsPerSecond, p95, gaveOut }: StepResult): string {
  const figures = `${requestsPerSecond.toFixed(0)} req/s, p95 ${p95 === undefined ? "-" : shownMs(p95)} ms`;
  const verdict = held ? "held" : `BROKEN: ${misses.join("; ")}`;
  const cause =
    gaveOut.first === "none" || gaveOut.first === "not measured" ? "" : `; gave out first: ${gaveOut.first}`;
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
  const causes = [...new Set(steps.filter((step) => !step.held).map(({ gaveOut }) => gaveOut.first))];
  const above =
    broke === undefined ? "nothing broke" : `${broke} users broke it (gave out first: ${causes.join(", ")})`;
  const doubt = ended === "found" || ended === "most" ? "" : `; the search is not complete: ${ended}`;
  return `${scenario}: ${held} users within the objectives; ${above}; ${steps.length} steps${doubt}`;
}
