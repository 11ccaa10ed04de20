import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { authorityFile, bunProgram, byRole, inNamespace, lastLines, runProgram } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import { SLOW_MS } from "../history/summary.ts";
import type { PlanInput } from "../probe/plan.ts";
import type { RoundRecord } from "../run/record.ts";
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

type WithoutEnds<Of> = Of extends unknown ? Omit<Of, "out" | "maxSeconds"> : never;

/** @returns its `stop` throws when one has not ended well */
export function startObservers(options: ObserversOptions) {
  const { stand, experiment, target, values: run, folder, lock, onLost } = options;
  const { inventory } = stand;
  const { service, watch, load } = experiment;
  const { clients, intervalMs, background } = load;
  mkdirSync(folder, { recursive: true });
  const over = new AbortController();
  const { signal } = over;
  const maxSeconds = longerThanARound(experiment);
  /** Each how it ended, where that was not well. */
  const ends: Promise<string | undefined>[] = [];
  /** Starts a probe where the stand's machines can be reached, or here. @returns the file of its record */
  const start = (name: string, file: string, plan: WithoutEnds<PlanInput>, isHere: boolean): string => {
    const out = join(folder, file);
    writeFileSync(`${out}.plan.json`, `${JSON.stringify({ ...plan, out, maxSeconds }, null, 2)}\n`);
    const argv = bunProgram(PROBE_PROGRAM, `${out}.plan.json`);
    const limits = { deadlineMs: Number.POSITIVE_INFINITY, signal, stopGraceMs: STOP_GRACE_MS };
    const ended = runProgram(isHere || !inventory ? argv : inNamespace(inventory, argv), {
      ...limits,
      onStart: lock.started,
    });
    const end = ended.then(({ code, stderr }) => {
      const how = `the ${name} ended with ${code}: ${lastLines(stderr, LINES_OF_ERROR)}`;
      if (!signal.aborted) onLost(how);
      return code === 0 ? undefined : how;
    });
    ends.push(end);
    return out;
  };
  const isHere = service?.from === "here";
  const paths = (deadlineMs: number) =>
    ({ kind: "paths", target, run, readDeadlineMs: deadlineMs, writeDeadlineMs: deadlineMs }) as const;
  const ofClients = { clients, intervalMs };
  const plan: WithoutEnds<PlanInput> = service
    ? { ...paths(service.deadlineMs), ...ofClients, reads: service.reads, writes: service.writes }
    : { kind: "weather", target, run, ...ofClients };
  const files: RoundRecord["files"] = {
    history: start("probe", "history.jsonl", plan, isHere),
    background: null,
    roles: null,
    guardian: null,
  };
  if (background) {
    const ofUsers = { clients: background.users, intervalMs: background.intervalMs };
    const reads = { ...paths(SLOW_MS), ...ofUsers, reads: [{ path: background.path }], writes: [] };
    files.background = start("background load", "background.jsonl", reads, isHere);
  }
  const nodes = byRole(stand, "postgres").map(({ name, address }) => ({ name, url: `https://${address}:8008` }));
  if (watch.roles && nodes.length > 0) {
    const caFile = inventory && authorityFile(inventory, "servers");
    files.roles = start("role sampler", "roles.jsonl", { kind: "roles", nodes, caFile }, false);
  }
  const stop = async (): Promise<void> => {
    over.abort();
    const [how] = (await Promise.all(ends)).filter((each) => each !== undefined);
    if (how !== undefined) throw new Error(how);
  };
  return { files, stop };
}

/** Should the engine be killed, its probes end by themselves. */
function longerThanARound({ stages, steadyState, leadOutSeconds }: Experiment): number {
  const waits = (2 + stages.length) * (steadyState.deadlineSeconds + 60);
  const ofStages = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  return Math.ceil(steadyState.loadSeconds + ofStages + leadOutSeconds + waits);
}
