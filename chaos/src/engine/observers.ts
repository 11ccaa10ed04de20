import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  authorityFile,
  bunProgram,
  byRole,
  cleanEnvironment,
  inNamespace,
  lastLines,
  type RunOptions,
  runProgram,
  type Stand,
} from "@goldenring/stand";
import { type Experiment, serviceOf } from "../experiment/experiment.ts";
import { SLOW_MS } from "../history/summary.ts";
import type { PlanInput } from "../probe/plan.ts";
import type { RoundRecord } from "../run/record.ts";
import { secretEnvironment } from "../service/secrets.ts";
import type { Service } from "../service/service.ts";
import type { RunContext } from "./run-context.ts";

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

/** Runs a probe by its plan, where the service can be reached: on this computer, or inside the network of the stand. */
export function runProbe(file: string, plan: object, stand: Stand, service: Service | undefined, options: RunOptions) {
  writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
  const argv = bunProgram(PROBE_PROGRAM, file);
  const isHere = service?.from === "here" || stand.inventory === undefined;
  const environment = { ...cleanEnvironment(), ...(service && secretEnvironment(service)) };
  return runProgram(isHere || !stand.inventory ? argv : inNamespace(stand.inventory, argv), {
    environment,
    ...options,
  });
}

type WithoutEnds<Of> = Of extends unknown ? Omit<Of, "out" | "maxSeconds"> : never;

/** @returns its `stop` throws when one has not ended well */
export function startObservers(options: ObserversOptions) {
  const { stand, experiment, target, values: run, folder, lock, onLost } = options;
  const { watch, load } = experiment;
  const service = serviceOf(experiment);
  const { clients, intervalMs, background } = load;
  mkdirSync(folder, { recursive: true });
  const over = new AbortController();
  const { signal } = over;
  const maxSeconds = longerThanARound(experiment);
  /** Each how it ended, where that was not well. */
  const ends: Promise<string | undefined>[] = [];
  /** @returns the file of its record */
  const start = (name: string, file: string, plan: WithoutEnds<PlanInput>, of?: Service): string => {
    const out = join(folder, file);
    const limits = { deadlineMs: Number.POSITIVE_INFINITY, signal, stopGraceMs: STOP_GRACE_MS };
    const options = { ...limits, onStart: lock.started };
    const ended = runProbe(`${out}.plan.json`, { ...plan, out, maxSeconds }, stand, of, options);
    const end = ended.then(({ code, stderr }) => {
      const how = `the ${name} ended with ${code}: ${lastLines(stderr, LINES_OF_ERROR)}`;
      if (!signal.aborted) onLost(how);
      return code === 0 ? undefined : how;
    });
    ends.push(end);
    return out;
  };
  const plan = { kind: "service", target, run, clients, intervalMs, ...deadlinesOf(service), service } as const;
  const files: RoundRecord["files"] = {
    history: start("probe", "history.jsonl", plan, service),
    background: null,
    roles: null,
    guardian: null,
  };
  if (background) {
    const ofUsers = { clients: background.users, intervalMs: background.intervalMs, readDeadlineMs: SLOW_MS };
    const onlyRead: Service = { ...service, start: [], reads: [backgroundRead(service, background.path)], writes: [] };
    files.background = start(
      "background load",
      "background.jsonl",
      { ...plan, ...ofUsers, service: onlyRead },
      service,
    );
  }
  const nodes = byRole(stand, "postgres").map(({ name, address }) => ({ name, url: `https://${address}:8008` }));
  if (watch.roles && nodes.length > 0) {
    const caFile = stand.inventory && authorityFile(stand.inventory, "servers");
    files.roles = start("role sampler", "roles.jsonl", { kind: "roles", nodes, caFile });
  }
  const stop = async (): Promise<void> => {
    over.abort();
    const [how] = (await Promise.all(ends)).filter((each) => each !== undefined);
    if (how !== undefined) throw new Error(how);
  };
  return { files, stop };
}

export function deadlinesOf({ deadlineMs, readDeadlineMs = deadlineMs }: Service) {
  return { readDeadlineMs, writeDeadlineMs: deadlineMs };
}

/** As the service file has it, where it has it. */
function backgroundRead({ reads }: Service, path: string): Service["reads"][number] {
  const read = reads.find((each) => each.path === path);
  return { status: [200], firstPage: 1, ...read, path, lists: false };
}

/** Should the engine be killed, its probes end by themselves. */
function longerThanARound({ stages, steadyState, leadOutSeconds }: Experiment): number {
  const waits = (2 + stages.length) * (steadyState.deadlineSeconds + 60);
  const ofStages = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  return Math.ceil(steadyState.loadSeconds + ofStages + leadOutSeconds + waits);
}
