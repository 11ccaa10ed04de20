import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Bench } from "./bench.ts";
import type { LoadPlan, LoadResult, PlannedRequest } from "./load-process/plan.ts";
import type { RunningProgram } from "./program.ts";

/** A load, without what is particular to one run of it. */
export interface Load {
  readonly requests: readonly PlannedRequest[];
  readonly connections: number;
  /** Open loop, requests/s. */
  readonly rate?: number;
  /** Returns what is wrong with the body of a kept answer, as it came over the wire, or undefined. */
  readonly check: (sample: SampledAnswer) => string | undefined;
  /** Answers kept for the check in each run (4). */
  readonly samples?: number;
  /** True if all answers must have the same number of bytes; every one is checked. */
  readonly sameSize?: boolean;
}

export interface SampledAnswer {
  readonly request: PlannedRequest;
  readonly contentEncoding: string;
  readonly body: Buffer;
}

export interface Measurement extends LoadResult {
  readonly perSecond: number;
  /** CPU of the measured program per answer, in microseconds; NaN without a group. */
  readonly cpuMicros: number;
  /** Share of its CPU limit that it used; well below 1 something else was the limit, perhaps a busy computer. NaN without a group. */
  readonly limitShare: number;
  /** Highest resident memory since the program's start, file pages of the runtime included. */
  readonly residentPeakMiB: number;
  /** Highest of the samples in this run: what the group was charged, socket buffers included, file pages not; NaN without a group. */
  readonly chargedPeakMiB: number;
}

export interface Duration {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

const loadScript = fileURLToPath(new URL("load-process/main.ts", import.meta.url));

/** How often memory is sampled. */
const sampleIntervalMs = 100;

/** Above this share of a core, the load process was the limit, not the server. */
const maxLoadProcessCores = 0.9;

/** Runs a load against a program, checks the answers, and returns what it cost the program. */
export async function measure(
  bench: Bench,
  program: RunningProgram,
  load: Load,
  duration: Duration,
  onMemory: (residentMiB: number) => void = () => {},
): Promise<Measurement> {
  const before = program.use();
  let chargedPeakMiB = before?.memoryMiB ?? Number.NaN;
  const sampler = setInterval(() => {
    chargedPeakMiB = Math.max(chargedPeakMiB, program.use()?.memoryMiB ?? Number.NaN);
    onMemory(program.memory().nowMiB);
  }, sampleIntervalMs);
  let result: LoadResult;
  try {
    result = await runLoad(bench, program, load, duration);
  } finally {
    clearInterval(sampler);
  }
  const after = program.use();
  const cpuSeconds = (after?.cpuSeconds ?? Number.NaN) - (before?.cpuSeconds ?? Number.NaN);
  return {
    ...result,
    perSecond: result.answers / result.seconds,
    cpuMicros: (cpuSeconds * 1e6) / result.acknowledged,
    limitShare:
      (cpuSeconds * 100) / ((duration.warmUpSeconds + duration.seconds) * (program.limits?.cpuMsPer100 ?? Number.NaN)),
    residentPeakMiB: program.memory().peakMiB,
    chargedPeakMiB,
  };
}

/** Runs a load against a program and checks the answers. */
export async function runLoad(
  bench: Bench,
  program: RunningProgram,
  load: Load,
  duration: Duration,
): Promise<LoadResult> {
  const sampleDirectory = mkdtempSync(join(bench.directory, "samples-"));
  try {
    const result = await runLoadProcess(bench, {
      port: program.port,
      requests: load.requests,
      connections: load.connections,
      ...duration,
      ...(load.rate === undefined ? {} : { rate: load.rate }),
      samples: load.samples ?? 4,
      sampleDirectory,
    });
    for (const problem of problemsOf(result, load)) bench.fail(`${program.name}: ${problem}`);
    return result;
  } catch (error) {
    const end = program.ended();
    throw end === undefined ? error : new Error(end);
  } finally {
    rmSync(sampleDirectory, { recursive: true, force: true });
  }
}

function* problemsOf(result: LoadResult, load: Load): Generator<string> {
  for (const [kind, count] of Object.entries(result.failures)) yield `${count} requests failed: ${kind}`;
  if (result.answers === 0) yield "no answer in the measured window";
  if (result.samples.length === 0) yield "no answer was kept for the check";
  if (load.sameSize === true && result.smallestBody !== result.largestBody) {
    yield `answers of ${result.smallestBody} to ${result.largestBody} bytes, all should be the same`;
  }
  if (result.ownCpuShare > maxLoadProcessCores) {
    yield `the load process used ${result.ownCpuShare.toFixed(2)} of a core: it, not the server, was measured`;
  }
  for (const sample of result.samples) {
    const request = load.requests[sample.request];
    if (request === undefined) continue;
    const { contentEncoding, file } = sample;
    const problem = load.check({ request, contentEncoding, body: readFileSync(file) });
    if (problem !== undefined) yield `${request.method} ${request.path}: ${problem}`;
  }
}

async function runLoadProcess(bench: Bench, plan: LoadPlan): Promise<LoadResult> {
  const child = spawn(process.execPath, [loadScript], { stdio: ["pipe", "pipe", "pipe"] });
  const end = bench.undo.add(() => child.kill("SIGKILL"));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  child.stdin.end(JSON.stringify(plan));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  await end();
  if (code !== 0) throw new Error(`the load process ended with ${code}: ${errors.trim()}`);
  return JSON.parse(output);
}
