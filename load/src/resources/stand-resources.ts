import type { Prometheus, Series } from "@goldenring/stand";
import type { ResourceRow, ResourceUse } from "../record/record.ts";
import { REPLICA_CORES } from "./machine-watch.ts";

/** Of the stand's Prometheus, seconds: how often it asks, and over how long a rate is taken. */
const STEP = 10;
const OVER = "30s";

/** A replica is one process under a limit from outside, which its machine's own figures do not show. */
const REPLICA_CPU = `rate(process_cpu_seconds_total{job="api"}[${OVER}])`;
const REPLICA_MEMORY = 'process_resident_memory_bytes{job="api"}';
const machineCpuTime = (mode: string): string =>
  `sum by (machine) (rate(node_cpu_seconds_total{job="node", group!="api"${mode}}[${OVER}]))`;
const MACHINE_CPU = `1 - ${machineCpuTime(', mode="idle"')} / ${machineCpuTime("")}`;
const MACHINE_MEMORY =
  'node_memory_MemTotal_bytes{job="node", group!="api"} - node_memory_MemAvailable_bytes{job="node", group!="api"}';

const TRANSACTIONS = `sum by (machine) (rate(pg_stat_database_xact_commit{job="postgres", datname="weather"}[${OVER}]) + rate(pg_stat_database_xact_rollback{job="postgres", datname="weather"}[${OVER}]))`;

/**
 * What the stand's machines used between two moments (Unix time, ms), every ten seconds.
 *
 * @param replicaCores what a replica may use
 * @throws {PrometheusError}
 */
export async function standResources(
  prometheus: Pick<Prometheus, "queryRange">,
  from: number,
  to: number,
  replicaCores: number = REPLICA_CORES,
): Promise<ResourceRow[]> {
  const range = { start: from / 1000, end: to / 1000, step: STEP };
  const [replicaCpu, replicaMemory, machineCpu, machineMemory, transactions] = await Promise.all([
    prometheus.queryRange(REPLICA_CPU, range),
    prometheus.queryRange(REPLICA_MEMORY, range),
    prometheus.queryRange(MACHINE_CPU, range),
    prometheus.queryRange(MACHINE_MEMORY, range),
    prometheus.queryRange(TRANSACTIONS, range),
  ]);
  return rowsOf(
    [
      { series: replicaCpu, use: (value) => ({ cpuShare: clamp(value / replicaCores) }) },
      { series: machineCpu, use: (value) => ({ cpuShare: clamp(value) }) },
      { series: [...replicaMemory, ...machineMemory], use: (value) => ({ memoryBytes: value }) },
      { series: transactions, use: (value) => ({ transactions: value }) },
    ],
    range.start,
  );
}

interface Measure {
  readonly series: readonly Series[];
  readonly use: (value: number) => Omit<ResourceUse, "name">;
}

/** Puts the series beside each other, by time and by machine. @param start seconds since 1970, the beginning of the run's clock */
export function rowsOf(measures: readonly Measure[], start: number): ResourceRow[] {
  const rows = new Map<number, Map<string, ResourceUse>>();
  for (const { series, use } of measures) {
    for (const { labels, values } of series) {
      const name = labels.machine;
      if (name === undefined) continue;
      for (const { time, value } of values) {
        if (!Number.isFinite(value)) continue;
        const row = rows.get(time) ?? new Map<string, ResourceUse>();
        rows.set(time, row);
        row.set(name, { name, ...row.get(name), ...use(value) });
      }
    }
  }
  return [...rows]
    .sort(([one], [other]) => one - other)
    .map(([time, parts]) => ({ t: time - start, parts: [...parts.values()] }));
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
