import { setTimeout as delay } from "node:timers/promises";
import type { Machine } from "@goldenring/stand";
import { stopped } from "./machine-fault.ts";
import type { Stand } from "./stand.ts";
import { untilCalm, type Waiting } from "./wait.ts";

/** What watching may miss and cost: targets up, %; queries without data; Prometheus' memory, MB; share of a replica's CPU limit, %. */
export const WATCHING_BAR = { targets: 100, failedQueries: 0, prometheusMb: 300, replicaCpu: 2 } as const;

/** Seconds of a look at the replicas' CPU, with and without anybody who watches. */
const LOOK = 60;
/** Prometheus reads its log when it starts, and scrapes for the first time; seconds. */
const SETTLING = 20;
const PAIRS = 3;
/** What of the monitoring asks the replicas, on its machine. */
const WATCHERS = ["prometheus", "prometheus-blackbox-exporter"].map(stopped);
/** What answers on a replica's machine. */
const ANSWERING = "goldenring-api prometheus-node-exporter";

export interface WatchingResult {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly targetsUp: number;
  readonly targets: number;
  readonly queries: number;
  readonly rightlyEmpty: number;
  /** Sources of those that failed. */
  readonly failedQueries: readonly string[];
  /** Resident memory, 10^6 bytes. */
  readonly prometheusMb: number;
  /** For each pair of looks and each replica: the difference that watching makes, % of the machine's CPU limit. */
  readonly replicaCpu: readonly number[];
  readonly misses: readonly string[];
}

interface Replica {
  readonly machine: Machine;
  /** CPUs. */
  readonly cpuLimit: number;
}

type Measured = Omit<WatchingResult, "misses">;

/** Whether everything is watched, and what that costs. */
export async function playWatching(waiting: Waiting): Promise<WatchingResult> {
  const { stand, signal, say } = waiting;
  const { site } = await untilCalm(waiting);
  const startedAt = new Date().toISOString();
  const { monitoring, machines } = await stand.status();
  const { checked, findings, failed } = await stand.verification();
  const prometheusMb = await memoryOfPrometheus(stand);
  const down = monitoring?.targets?.down.length ?? 0;
  const up = monitoring?.targets?.up ?? 0;
  const replicas = site.api.map((machine) => ({
    machine,
    cpuLimit: machines.find(({ name }) => name === machine.name)?.limit.cpu ?? Number.NaN,
  }));
  const replicaCpu: number[] = [];
  for (let pair = 1; pair <= PAIRS; pair += 1) {
    say(`CPU of the replicas, ${pair}/${PAIRS}: ${LOOK} s without anybody who watches, ${LOOK} s with`);
    replicaCpu.push(...(await differences(stand, replicas, signal)));
  }
  const measured: Measured = {
    startedAt,
    targetsUp: up,
    targets: up + down,
    queries: checked,
    rightlyEmpty: findings.filter(({ verdict }) => verdict === "declared empty").length,
    failedQueries: failed.map(({ source }) => source),
    prometheusMb,
    replicaCpu,
  };
  return { ...measured, misses: missesOf(measured) };
}

export function missesOf({ targets, targetsUp, failedQueries, queries, prometheusMb, replicaCpu }: Measured): string[] {
  const cost = median(replicaCpu);
  return [
    ...(targets > 0 && targetsUp === targets ? [] : [`${targetsUp} of ${targets} targets are up`]),
    ...(queries > 0 ? failedQueries.map((source) => `${source} has no data`) : ["no query was asked"]),
    ...(prometheusMb < WATCHING_BAR.prometheusMb ? [] : [`Prometheus takes ${prometheusMb.toFixed(0)} MB`]),
    ...(cost < WATCHING_BAR.replicaCpu ? [] : [`watching costs a replica ${cost.toFixed(2)} % of its CPU`]),
  ];
}

/** @returns NaN of nothing */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

async function memoryOfPrometheus(stand: Stand): Promise<number> {
  const kibibytes = Number(await stand.run(stand.machine("prometheus"), "ps -o rss= -C prometheus"));
  return (kibibytes * 1024) / 1e6;
}

/** The same replicas with nobody who asks, and with all: %, for each of them. */
async function differences(
  stand: Stand,
  replicas: readonly Replica[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const machine = stand.machine("prometheus");
  let without: readonly number[];
  try {
    for (const { inject } of WATCHERS) await stand.run(machine, inject);
    without = await busyShares(stand, replicas, signal);
  } finally {
    for (const { undo } of WATCHERS) await stand.run(machine, undo);
  }
  await delay(SETTLING * 1_000, undefined, { signal });
  const watched = await busyShares(stand, replicas, signal);
  return watched.map((share, index) => share - (without[index] ?? Number.NaN));
}

/** What answers on each machine takes of the machine's CPU limit, %. */
async function busyShares(stand: Stand, replicas: readonly Replica[], signal: AbortSignal): Promise<readonly number[]> {
  const read = (): Promise<readonly number[]> => Promise.all(replicas.map(({ machine }) => cpuSeconds(stand, machine)));
  const before = await read();
  const startedAt = performance.now();
  await delay(LOOK * 1_000, undefined, { signal });
  const after = await read();
  const seconds = (performance.now() - startedAt) / 1_000;
  return replicas.map(({ cpuLimit }, index) => {
    const used = (after[index] ?? Number.NaN) - (before[index] ?? Number.NaN);
    return (100 * used) / (seconds * cpuLimit);
  });
}

async function cpuSeconds(stand: Stand, machine: Machine): Promise<number> {
  const text = await stand.run(machine, `systemctl show --value --property=CPUUsageNSec ${ANSWERING}`);
  return (
    text
      .split(/\s+/)
      .filter(Boolean)
      .map(Number)
      .reduce((sum, each) => sum + each, 0) / 1e9
  );
}
