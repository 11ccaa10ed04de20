import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { authorityFile, bunProgram, byRole, inNamespace, lastLines, runProgram, type Stand } from "@goldenring/stand";
import type * as z from "zod";
import type { Experiment } from "../experiment/experiment.ts";
import { SLOW_MS } from "../history/summary.ts";
import { PathPlan } from "../probe/path-probe.ts";
import type { RoundRecord } from "../run/record.ts";
import type { RunContext } from "./run-context.ts";

/** Run by Bun; see its `--help`. */
export const PROBE_PROGRAM = fileURLToPath(new URL("../probe/main.ts", import.meta.url));

/** From SIGINT to SIGKILL: a program's own grace, and a busy computer. */
const STOP_GRACE_MS = 10_000;
const LINES_OF_ERROR = 20;

export interface ObserversOptions extends Pick<RunContext, "stand" | "experiment" | "target" | "lock"> {
  /** Name of the values that are written. */
  readonly values: string;
  /** Of the round; made here. */
  readonly folder: string;
  readonly onLost: (why: string) => void;
}

/** @returns its `stop` throws when one has not ended well */
export function startObservers(options: ObserversOptions) {
  const { stand, experiment, folder, lock, onLost } = options;
  const { service, watch, load } = experiment;
  const { clients, intervalMs, background } = load;
  mkdirSync(folder, { recursive: true });
  const over = new AbortController();
  const { signal } = over;
  /** Each how it ended, where that was not well. */
  const ends: Promise<string | undefined>[] = [];
  const start = (name: string, argv: readonly string[]): void => {
    const deadlineMs = Number.POSITIVE_INFINITY;
    const ended = runProgram(argv, { deadlineMs, signal, stopGraceMs: STOP_GRACE_MS, onStart: lock.started });
    const end = ended.then(({ code, stderr }) => {
      const how = `the ${name} ended with ${code}: ${lastLines(stderr, LINES_OF_ERROR)}`;
      if (!signal.aborted) onLost(how);
      return code === 0 ? undefined : how;
    });
    ends.push(end);
  };
  const history = join(folder, "history.jsonl");
  const files: RoundRecord["files"] = { history, background: null, roles: null };
  if (service) start("probe", pathProbe(history, { ...service, clients, intervalMs }, options));
  else start("probe", weatherProbe(history, options));
  if (background) {
    files.background = join(folder, "background.jsonl");
    const { users, intervalMs, path } = background;
    const reads = { clients: users, intervalMs, deadlineMs: SLOW_MS, reads: [{ path }], writes: [] };
    start("background load", pathProbe(files.background, reads, options));
  }
  if (watch.roles && byRole(stand, "postgres").length > 0) {
    files.roles = join(folder, "roles.jsonl");
    start("role sampler", roleSampler(files.roles, options));
  }
  const stop = async (): Promise<void> => {
    over.abort();
    const [how] = (await Promise.all(ends)).filter((each) => each !== undefined);
    if (how !== undefined) throw new Error(how);
  };
  return { files, stop };
}

function weatherProbe(out: string, { stand, experiment, target, values }: ObserversOptions): readonly string[] {
  const { clients, intervalMs } = experiment.load;
  const load = ["--clients", clients, "--interval", intervalMs, "--seconds", maxSeconds(experiment)].map(String);
  return inside(stand, probeArgv("weather", "--target", target, "--run", values, "--out", out, ...load));
}

type Load = Omit<z.input<typeof PathPlan>, "target" | "out" | "run" | "maxSeconds">;

function pathProbe(out: string, load: Load, { stand, experiment, target, values }: ObserversOptions) {
  const plan = PathPlan.parse({ ...load, target, out, run: values, maxSeconds: maxSeconds(experiment) });
  const file = `${out}.plan.json`;
  writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
  const argv = probeArgv("paths", file);
  return experiment.service?.from === "here" ? argv : inside(stand, argv);
}

function roleSampler(out: string, { stand, experiment }: ObserversOptions): readonly string[] {
  const nodes = byRole(stand, "postgres").flatMap(({ name, address }) => ["--node", `${name}=https://${address}:8008`]);
  const ca = stand.inventory ? ["--ca", authorityFile(stand.inventory, "servers")] : [];
  const seconds = String(maxSeconds(experiment));
  return inside(stand, probeArgv("roles", ...nodes, ...ca, "--out", out, "--seconds", seconds));
}

const probeArgv = (...args: readonly string[]): readonly string[] => bunProgram(PROBE_PROGRAM, ...args);

/** Where the stand's machines can be reached. */
function inside({ inventory }: Stand, argv: readonly string[]): readonly string[] {
  return inventory ? inNamespace(inventory, argv) : argv;
}

/** Longer than the round: should the engine be killed, its programs end by themselves. */
function maxSeconds({ stages, steadyState, leadOutSeconds }: Experiment): number {
  const waits = (2 + stages.length) * (steadyState.deadlineSeconds + 60);
  const ofStages = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  return Math.ceil(steadyState.loadSeconds + ofStages + leadOutSeconds + waits);
}
