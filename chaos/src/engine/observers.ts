import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { authorityFile, byRole, inNamespace, type Stand } from "@goldenring/stand";
import type * as z from "zod";
import type { Experiment } from "../experiment/experiment.ts";
import { SLOW_MS } from "../history/summary.ts";
import { PathPlan } from "../probe/path-probe.ts";
import type { RoundRecord } from "../run/record.ts";
import type { RunContext } from "./run-context.ts";

/** Run by Bun; see its `--help`. */
export const PROBE_PROGRAM = fileURLToPath(new URL("../probe/main.ts", import.meta.url));

/** From SIGTERM to SIGKILL: a program's own grace, and a busy computer. */
const STOP_DEADLINE_MS = 10_000;

export interface ObserversOptions extends Pick<RunContext, "stand" | "experiment" | "target" | "lock"> {
  /** Name of the values that are written. */
  readonly values: string;
  /** Of the round; made here. */
  readonly folder: string;
  /** Called when a program ends too early. */
  readonly onLost: (why: string) => void;
}

export class Observers {
  readonly files: RoundRecord["files"];
  readonly #programs: Program[] = [];

  constructor(options: ObserversOptions) {
    const { stand, experiment, folder, lock, onLost } = options;
    const { service, watch, load } = experiment;
    const { clients, intervalMs, background } = load;
    mkdirSync(folder, { recursive: true });
    const start = (name: string, argv: readonly string[]): void => {
      const program = new Program(name, argv, onLost);
      this.#programs.push(program);
      lock.started(program.pid);
    };
    const history = join(folder, "history.jsonl");
    this.files = { history, background: null, roles: null };
    if (service) start("probe", pathProbe(history, { ...service, clients, intervalMs }, options));
    else start("probe", weatherProbe(history, options));
    if (background) {
      this.files.background = join(folder, "background.jsonl");
      const { users, intervalMs, path } = background;
      const reads = { clients: users, intervalMs, deadlineMs: SLOW_MS, reads: [{ path }], writes: [] };
      start("background load", pathProbe(this.files.background, reads, options));
    }
    if (watch.roles && byRole(stand, "postgres").length > 0) {
      this.files.roles = join(folder, "roles.jsonl");
      start("role sampler", roleSampler(this.files.roles, options));
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }

  kill(): void {
    for (const program of this.#programs) program.kill();
  }
}

class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  /** How it ended, for people. */
  readonly #ended: Promise<string>;
  #isStopped = false;

  constructor(name: string, [program = "", ...args]: readonly string[], onLost: (why: string) => void) {
    this.#name = name;
    // In its own process group: the terminal's Ctrl-C is for the engine, which then ends it.
    this.#child = spawn(program, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    this.#child.stderr?.on("data", (text: Buffer) => {
      output = `${output}${text}`.slice(-2_000);
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#child.once("error", (error) => resolve(`127: ${output}${error.message}`));
    this.#child.once("close", (code, signal) => resolve(code === 0 ? "0" : `${code ?? signal}: ${output.trim()}`));
    this.#ended = promise;
    void promise.then((how) => {
      if (!this.#isStopped) onLost(`the ${name} ended with ${how}`);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Rejects when it had ended before, or does not end well. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), STOP_DEADLINE_MS);
    const how = await this.#ended;
    clearTimeout(timer);
    if (how !== "0") throw new Error(`the ${this.#name} ended with ${how}`);
  }

  /** At once, and without an error. */
  kill(): void {
    this.#isStopped = true;
    this.#child.kill("SIGKILL");
  }
}

function weatherProbe(out: string, { stand, experiment, target, values }: ObserversOptions): readonly string[] {
  const { clients, intervalMs } = experiment.load;
  const load = ["--clients", clients, "--interval", intervalMs, "--seconds", maxSeconds(experiment)].map(String);
  return inside(stand, probeArgv("weather", "--target", target, "--run", values, "--out", out, ...load));
}

type Load = Omit<z.input<typeof PathPlan>, "target" | "out" | "run" | "maxSeconds">;

function pathProbe(
  out: string,
  load: Load,
  { stand, experiment, target, values }: ObserversOptions,
): readonly string[] {
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

const probeArgv = (...args: readonly string[]): readonly string[] => [process.execPath, PROBE_PROGRAM, ...args];

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
