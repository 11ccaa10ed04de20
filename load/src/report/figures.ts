import type { Unit } from "@goldenring/run-kit";
import { replicaLimit } from "../capacity/saturation.ts";
import type { Figures, StoredRun } from "../record/record.ts";
import { cpuOf, kindOf, type ResourceKind } from "../resources/resources.ts";

export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  /** Which way is better; undefined where neither is. */
  readonly better: "less" | "more" | undefined;
  readonly of: (run: StoredRun) => number | undefined;
}

const MIB = 2 ** 20;

export const FIGURES: readonly Figure[] = [
  figure("Highest number of users", "users", undefined, ({ record }) => record.figures.maxUsers),
  figure("Users when an objective was missed", "users", "more", ({ record }) => record.figures.usersAtBreak),
  figure("Requests", "", undefined, ({ record }) => record.figures.requests),
  figure("Requests per second", "/s", "more", ({ record }) => record.figures.rate),
  figure("Requests in the busiest second", "/s", "more", ({ series }) => max(series.rows.map((row) => row.requests))),
  latency("mean", "mean"),
  latency("p50", "P50"),
  latency("p90", "P90"),
  latency("p95", "P95"),
  latency("p99", "P99"),
  latency("max", "longest"),
  figure("Failed requests", "", "less", ({ record }) => record.figures.failed),
  figure("Failed checks", "", "less", ({ record }) => record.figures.checksFailed),
  figure("Received", "MiB", undefined, ({ record }) => record.figures.bytesReceived / MIB),
  figure("Sent", "MiB", undefined, ({ record }) => record.figures.bytesSent / MIB),
  cpu("replica", "CPU of the busiest replica, median", "less"),
  cpu("database", "CPU of the busiest database, median", "less"),
  cpu("ingress", "CPU of the ingress or HAProxy, median", "less"),
  cpu("k6", "CPU of k6, median", undefined),
  cpu("computer", "CPU of the computer, median", undefined),
  figure("Memory of a replica, highest", "MiB", "less", maxReplicaMemoryMiB),
  figure("One access to memory before the start", "ns", undefined, ({ record }) => record.before.memoryAccessNs),
  figure(
    "Requests per CPU second of the replicas",
    "/CPU s",
    "more",
    ({ record, series }) => replicaLimit(record, series)?.requestsPerCpuSecond,
  ),
];

function figure(name: string, unit: Unit, better: Figure["better"], of: Figure["of"]): Figure {
  return { name, unit, better, of };
}

function latency(key: keyof NonNullable<Figures["latency"]>, name: string): Figure {
  return figure(`Latency, ${name}`, "ms", "less", ({ record }) => record.figures.latency?.[key]);
}

function cpu(kind: ResourceKind, name: string, better: Figure["better"]): Figure {
  return figure(name, "%", better, ({ series }) => cpuOf(series, kind));
}

export function maxReplicaMemoryMiB({ series }: StoredRun): number | undefined {
  const bytes = (series.parts ?? []).flatMap(({ parts }) =>
    parts.flatMap(({ name, memoryBytes }) => (kindOf(name) === "replica" ? (memoryBytes ?? []) : [])),
  );
  return max(bytes.map((each) => each / MIB));
}

function max(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
