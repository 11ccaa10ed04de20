import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { byRole, inNamespace, type Stand } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import type { PathPlanInput } from "../probe/path-plan.ts";
import { pathProbeProgram, probeProgram, roleSamplerProgram } from "../probe/programs.ts";
import { Program } from "./program.ts";

export interface ObserverFiles {
  readonly history: string;
  readonly background: string | undefined;
  readonly roles: string | undefined;
}

export interface ObserversOptions {
  readonly stand: Stand;
  readonly experiment: Experiment;
  /** URL of the service. */
  readonly target: string;
  /** Name of the values that are written. */
  readonly values: string;
  /** Of the round; made here. */
  readonly folder: string;
  /** Called with the number of each process that is started. */
  readonly onStarted: (pid: number) => void;
  /** Called when a program ends too early. */
  readonly onLost: (why: string) => void;
}

/** The programs that load the service and look on during a round. */
export class Observers {
  readonly files: ObserverFiles;
  readonly #programs: readonly Program[];

  constructor(options: ObserversOptions) {
    const { stand, experiment, folder, onStarted, onLost } = options;
    mkdirSync(folder, { recursive: true });
    const hasRoles = experiment.watch.roles && byRole(stand, "postgres").length > 0;
    this.files = {
      history: join(folder, "history.jsonl"),
      background: experiment.load.background ? join(folder, "background.jsonl") : undefined,
      roles: hasRoles ? join(folder, "roles.jsonl") : undefined,
    };
    this.#programs = commandsOf(this.files, options).map(([name, argv]) => new Program(name, argv, onLost));
    for (const { pid } of this.#programs) if (pid !== undefined) onStarted(pid);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }

  kill(): void {
    for (const program of this.#programs) program.kill();
  }
}

type Command = readonly [name: string, argv: readonly string[]];

function commandsOf({ history, background, roles }: ObserverFiles, options: ObserversOptions): readonly Command[] {
  const { experiment, stand } = options;
  return [
    experiment.service ? ownProbe(history, options) : weatherProbe(history, options),
    ...(background === undefined ? [] : [backgroundLoad(background, options)]),
    ...(roles === undefined ? [] : [roleSampler(roles, stand, atMostSeconds(experiment))]),
  ];
}

function weatherProbe(out: string, { stand, experiment, target, values }: ObserversOptions): Command {
  const { clients, intervalMs } = experiment.load;
  const words = [
    "--clients",
    String(clients),
    "--interval",
    String(intervalMs),
    "--seconds",
    String(atMostSeconds(experiment)),
  ];
  return [
    "probe",
    inside(stand, [process.execPath, probeProgram, "--target", target, "--run", values, "--out", out, ...words]),
  ];
}

function ownProbe(out: string, options: ObserversOptions): Command {
  const { experiment, target, values } = options;
  const { clients, intervalMs } = experiment.load;
  const { reads = [], writes = [], deadlineMs = 35_000 } = experiment.service ?? {};
  const plan = {
    target,
    out,
    run: values,
    clients,
    intervalMs,
    deadlineMs,
    atMostSeconds: atMostSeconds(experiment),
    reads,
    writes,
  };
  return ["probe", pathProbe(plan, options)];
}

/** The report's probe had 5 s of patience. */
function backgroundLoad(out: string, options: ObserversOptions): Command {
  const { experiment, target, values } = options;
  const { users = 1, intervalMs = 1_000, path = "/" } = experiment.load.background ?? {};
  const plan = {
    target,
    out,
    run: values,
    clients: users,
    intervalMs,
    deadlineMs: 5_000,
    atMostSeconds: atMostSeconds(experiment),
    reads: [{ path }],
    writes: [],
  };
  return ["background load", pathProbe(plan, options)];
}

function pathProbe(plan: PathPlanInput, { stand, experiment }: ObserversOptions): readonly string[] {
  const file = `${plan.out}.plan.json`;
  writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
  const argv = [process.execPath, pathProbeProgram, file];
  return experiment.service?.from === "here" ? argv : inside(stand, argv);
}

function roleSampler(out: string, stand: Stand, seconds: number): Command {
  const nodes = byRole(stand, "postgres").flatMap(({ name, address }) => ["--node", `${name}=https://${address}:8008`]);
  const ca = stand.inventory ? ["--ca", join(stand.inventory.secretsFolder, "ca", "ca.crt")] : [];
  return [
    "role sampler",
    inside(stand, [process.execPath, roleSamplerProgram, ...nodes, ...ca, "--out", out, "--seconds", String(seconds)]),
  ];
}

/** Where the stand's machines can be reached. */
function inside({ inventory }: Stand, argv: readonly string[]): readonly string[] {
  return inventory ? inNamespace(inventory, argv) : argv;
}

/** Longer than the round: should this process be killed, they end by themselves. */
function atMostSeconds({ stages, steadyState, leadOutSeconds }: Experiment): number {
  const waits = (2 + stages.length) * (steadyState.deadlineSeconds + 60);
  return Math.ceil(
    stages.reduce((sum, { seconds }) => sum + seconds, steadyState.loadSeconds + leadOutSeconds + waits),
  );
}
