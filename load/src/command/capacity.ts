import { join } from "node:path";
import { CommandError, EXIT, interruptedExit, makeRunFolder, readRunFile, writeRunFile } from "@goldenring/run-kit";
import * as z from "zod";
import { type Capacity, findCapacity, Search, type SearchOptions, type StepTimes } from "../capacity/find-capacity.ts";
import { judgeStep, StepResult } from "../capacity/judge-step.ts";
import { RunRecord } from "../record/record.ts";
import { shownMs } from "../record/verdict.ts";
import { runLoad } from "../run/run.ts";
import type { Scenario } from "../scenarios.ts";
import { type LoadDeps, loadTargetOf, type TargetOptions } from "./deps.ts";
import { ENCODING, RUNS, Seconds, TARGET, Users } from "./option-table.ts";
import { liveLine } from "./run-scenario.ts";

export const CAPACITY_FILE = "capacity.json";
export const CAPACITY_FORMAT = 2;

/**
 * A search as it is stored after every step: one that was interrupted is resumed from here, and the results are written from here. Not from a file of
 * an older format: half of such a search would measure another version of the service.
 */
export const CapacityFile = z.object({
  format: z.literal(CAPACITY_FORMAT),
  /** A search is resumed with these only. */
  search: Search,
  ended: z.enum(["found", "max", "too many steps", "interrupted"]),
  held: z.int(),
  broke: z.int().optional(),
  steps: z.array(StepResult),
  /** Of the last step's run: scenario, target, commit and computer of the whole search. */
  record: RunRecord,
});

export type CapacityFile = z.infer<typeof CapacityFile>;

export interface CapacityCommandOptions extends TargetOptions, SearchOptions {
  readonly encoding?: "gzip" | "identity" | undefined;
  readonly resume?: string | undefined;
}

export const CAPACITY_OPTIONS = {
  ...TARGET,
  start: ["--start <number>", "users of the first step (default: 300)", Users],
  max: ["--max <number>", "maximum of users to try (default: 10000)", Users],
  warmUp: ["--warm-up <time>", "start of each step, not judged (default: 15s)", Seconds],
  hold: ["--hold <time>", "rest of each step, judged (default: 30s)", Seconds],
  ...ENCODING,
  resume: ["--resume <folder>", "continue a search that was interrupted", String],
  ...RUNS,
} as const;

/** Searches the capacity and prints it. @returns the exit code */
export async function searchCapacity(scenario: Scenario, options: CapacityCommandOptions, deps: LoadDeps) {
  const { output, signal } = deps;
  const { capacity, folder } = await measureCapacity(scenario, options, deps);
  output.result(capacityText(capacity, scenario.name));
  output.result(`files: ${folder}`);
  if (capacity.ended !== "interrupted") return capacity.ended === "too many steps" ? EXIT.failed : EXIT.ok;
  const target = options.target === undefined ? "" : ` --target ${options.target}`;
  output.log(`to resume: ring load capacity ${scenario.name}${target} --resume ${folder}`);
  return interruptedExit(signal);
}

/** Every step is a run. @returns with the record of the last step; undefined when none was measured */
export async function measureCapacity(scenario: Scenario, options: CapacityCommandOptions, deps: LoadDeps) {
  const { output, signal } = deps;
  const target = await loadTargetOf(options, deps);
  const earlier = options.resume === undefined ? undefined : await readEarlier(options.resume, scenario);
  const { folder } =
    options.resume === undefined
      ? await makeRunFolder(deps.runs, `capacity-${scenario.name}`, new Date())
      : { folder: options.resume };
  const search = earlier?.search ?? Search.parse(options);
  let record = earlier?.record;
  const store = (found: Capacity<StepResult>): void => {
    if (record === undefined) return;
    const content: CapacityFile = { format: CAPACITY_FORMAT, search, ...found, steps: [...found.steps], record };
    writeRunFile(folder, CAPACITY_FILE, content);
  };
  const tryStep = async (users: number, times: StepTimes): Promise<StepResult> => {
    const duration = times.warmUpSeconds + times.holdSeconds;
    const run = await runLoad({
      ...target,
      scenario,
      // A step is judged by its hold alone: what is missed while users arrive must not end it.
      options: { users, duration, keepGoing: true, encoding: options.encoding },
      runs: join(folder, "steps"),
      signal,
      onRow: (row, soFar) => output.live(`step with ${users} users: ${liveLine(row, soFar)}`),
    });
    record = run.record;
    if (record.endedBy === "target unreachable") {
      throw new CommandError("The target stopped answering.", "targetUnreachable");
    }
    return judgeStep(record, run.series, users, times);
  };
  output.log(`searching the capacity of ${scenario.name}; Ctrl-C keeps the steps so far`);
  const capacity = await findCapacity(tryStep, {
    ...search,
    maxSteps: options.maxSteps,
    signal,
    earlier: earlier?.steps ?? [],
    onStep: (step, soFar) => {
      output.log(stepLine(step));
      store(soFar);
    },
  });
  store(capacity);
  return { capacity, folder, record };
}

async function readEarlier(folder: string, { name }: Scenario): Promise<CapacityFile> {
  const earlier = await readRunFile(folder, CAPACITY_FILE, CapacityFile);
  if (earlier.record.scenario === name) return earlier;
  throw new CommandError(`${folder} is a search of ${earlier.record.scenario}, not of ${name}.`, "usage");
}

function stepLine({ users, held, misses, requestsPerSecond, p95, saturation: { first } }: StepResult): string {
  const figures = `${requestsPerSecond.toFixed(0)} req/s, p95 ${p95 === undefined ? "-" : shownMs(p95)} ms`;
  const cause = first === "none" || first === "not measured" ? "" : `; saturated first: ${first}`;
  return `${String(users).padStart(6)} users  ${figures}  ${held ? "held" : `MISSED: ${misses.join("; ")}${cause}`}`;
}

export function capacityText({ held, broke, ended, steps }: Capacity<StepResult>, scenario: string): string {
  const missed = steps.filter((step) => !step.held);
  const causes = new Set(missed.map(({ saturation }) => saturation.first).filter((cause) => cause !== "none"));
  const inMissed = `${missed.length} of ${steps.length} steps missed an objective`;
  const limit =
    broke !== undefined
      ? `${broke} users missed an objective (saturated first: ${[...causes].join(", ") || "nothing"})`
      : ended === "max"
        ? `no limit found up to the maximum${missed.length === 0 ? "" : ` (${inMissed}, and held when repeated)`}`
        : `no limit confirmed yet${missed.length === 0 ? "" : ` (${inMissed}, not confirmed by repetition)`}`;
  const doubt = ended === "found" || ended === "max" ? "" : `; the search is not complete: ${ended}`;
  return `${scenario}: capacity ${held} users; ${limit}; ${steps.length} steps${doubt}`;
}
