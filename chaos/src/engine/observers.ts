import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { authorityFile, byRole, inNamespace, type Stand } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import type { PathPlanInput } from "../probe/path-probe.ts";
import { Program } from "./program.ts";
import type { RunContext } from "./run-context.ts";

/** Run by Bun; see its `--help`. */
export const PROBE_PROGRAM = fileURLToPath(new URL("../probe/main.ts", import.meta.url));

export interface ObserverFiles {
  readonly history: string;
  readonly background: string | undefined;
  readonly roles: string | undefined;
}

export interface ObserversOptions extends Pick<RunContext, "stand" | "experiment" | "target" | "lock"> {
  /** Name of the values that are written. */
  readonly values: string;
  /** Of the round; made here. */
  readonly folder: string;
  /** Called when a program ends too early. */
  readonly onLost: (why: string) => void;
}

/** The programs that load the service and observe during a round. */
export class Observers {
  readonly files: ObserverFiles;
  readonly #programs: readonly Program[];

  constructor(options: ObserversOptions) {
    const { stand, experiment, folder, lock, onLost } = options;
    mkdirSync(folder, { recursive: true });
    const hasRoles = experiment.watch.roles && byRole(stand, "postgres").length > 0;
    this.files = {
      history: join(folder, "history.jsonl"),
      background: experiment.load.background ? join(folder, "background.jsonl") : undefined,
      roles: hasRoles ? join(folder, "roles.jsonl") : undefined,
    };
    this.#programs = commandsOf(this.files, options).map(([name, argv]) => new Program(name, argv, onLost));
    for (const { pid } of this.#programs) if (pid !== undefined) lock.started(pid);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }

  kill(): void {
    for (const program of this.#programs) program.kill();
  }
}

type Command = readonly [name: string, argv: readonly string[]];

function commandsOf({ history, background, roles }: ObserverFiles, options: ObserversOptions): Command[] {
  const commands: Command[] = [
    ["probe", options.experiment.service ? ownProbe(history, options) : weatherProbe(history, options)],
  ];
  if (background !== undefined) commands.push(["background load", backgroundLoad(background, options)]);
  if (roles !== undefined) commands.push(["role sampler", roleSampler(roles, options)]);
  return commands;
}

function weatherProbe(out: string, { stand, experiment, target, values }: ObserversOptions): readonly string[] {
  const { clients, intervalMs } = experiment.load;
  const load = ["--clients", clients, "--interval", intervalMs, "--seconds", maxSeconds(experiment)].map(String);
  return inside(stand, probeArgv("weather", "--target", target, "--run", values, "--out", out, ...load));
}

function ownProbe(out: string, options: ObserversOptions): readonly string[] {
  const { clients, intervalMs } = options.experiment.load;
  const { reads = [], writes = [], deadlineMs = 35_000 } = options.experiment.service ?? {};
  return pathProbe(out, { clients, intervalMs, deadlineMs, reads, writes }, options);
}

/** Its deadline is the one of the 2023 baseline. */
function backgroundLoad(out: string, options: ObserversOptions): readonly string[] {
  const { users = 1, intervalMs = 1_000, path = "/" } = options.experiment.load.background ?? {};
  return pathProbe(out, { clients: users, intervalMs, deadlineMs: 5_000, reads: [{ path }], writes: [] }, options);
}

type Load = Pick<PathPlanInput, "clients" | "intervalMs" | "deadlineMs" | "reads" | "writes">;

function pathProbe(
  out: string,
  load: Load,
  { stand, experiment, target, values }: ObserversOptions,
): readonly string[] {
  const plan: PathPlanInput = { target, out, run: values, maxSeconds: maxSeconds(experiment), ...load };
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

function probeArgv(...words: readonly string[]): readonly string[] {
  return [process.execPath, PROBE_PROGRAM, ...words];
}

/** Where the stand's machines can be reached. */
function inside({ inventory }: Stand, argv: readonly string[]): readonly string[] {
  return inventory ? inNamespace(inventory, argv) : argv;
}

/** Longer than the round: should the engine be killed, its programs end by themselves. */
function maxSeconds({ stages, steadyState, leadOutSeconds }: Experiment): number {
  const waits = (2 + stages.length) * (steadyState.deadlineSeconds + 60);
  return Math.ceil(
    stages.reduce((sum, { seconds }) => sum + seconds, steadyState.loadSeconds + leadOutSeconds + waits),
  );
}
