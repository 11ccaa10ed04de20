import { median } from "@goldenring/run-kit";
import { replicaLimit } from "../capacity/replica-limit.ts";
import type { StoredRun } from "../record/run-folder.ts";
import { kindOf, mostUsed, type ResourceKind } from "../resources/resources.ts";
import type { Unit } from "./numbers.ts";

/** One figure of a run, for tables. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  /** Which way is better; undefined where neither is. */
  readonly better?: "less" | "more";
  readonly of: (run: StoredRun) => number | undefined;
}

/** Of the whole run; its rows of the last seconds would say something else. */
export const FIGURES: readonly Figure[] = [
  { name: "Most users", unit: "users", of: ({ record }) => record.figures.maxUsers },
  {
    name: "Users when an objective broke",
    unit: "users",
    better: "more",
    of: ({ record }) => record.figures.usersAtBreak,
  },
  { name: "Requests", unit: "", of: ({ record }) => record.figures.requests },
  { name: "Requests a second", unit: "/s", better: "more", of: ({ record }) => record.figures.rate },
  { name: "Most requests in a second", unit: "/s", better: "more", of: mostRequests },
  { name: "Latency, mean", unit: "ms", better: "less", of: ({ record }) => record.figures.latency?.mean },
  { name: "Latency, P50", unit: "ms", better: "less", of: ({ record }) => record.figures.latency?.p50 },
  { name: "Latency, P90", unit: "ms", better: "less", of: ({ record }) => record.figures.latency?.p90 },
  { name: "Latency, P95", unit: "ms", better: "less", of: ({ record }) => record.figures.latency?.p95 },
  { name: "Latency, P99", unit: "ms", better: "less", of: ({ record }) => record.figures.latency?.p99 },
  { name: "Latency, longest", unit: "ms", better: "less", of: ({ record }) => record.figures.latency?.max },
  { name: "Failed requests", unit: "", better: "less", of: ({ record }) => record.figures.failed },
  { name: "Failed checks", unit: "", better: "less", of: ({ record }) => record.figures.checksFailed },
  { name: "Received", unit: "MiB", of: ({ record }) => record.figures.bytesReceived / 2 ** 20 },
  { name: "Sent", unit: "MiB", of: ({ record }) => record.figures.bytesSent / 2 ** 20 },
  { name: "CPU of the busiest replica, median", unit: "%", better: "less", of: (run) => middleCpu(run, "replica") },
  { name: "CPU of the busiest database, median", unit: "%", better: "less", of: (run) => middleCpu(run, "database") },
  {
    name: "CPU of the ingress or HAProxy, median",
    unit: "%",
    better: "less",
    of: (run) => middleCpu(run, "ingress"),
  },
  { name: "CPU of k6, median", unit: "%", of: (run) => middleCpu(run, "k6") },
  { name: "CPU of the computer, median", unit: "%", of: (run) => middleCpu(run, "computer") },
  { name: "Memory of a replica, most", unit: "MiB", better: "less", of: mostReplicaMemory },
  { name: "One access to memory before the start", unit: "ns", of: ({ record }) => record.before.memoryAccessNs },
  { name: "Requests per CPU second of the replicas", unit: "/CPU s", better: "more", of: requestsPerCpuSecond },
];

/** Median of a second's busiest part of this kind. */
function middleCpu({ series }: StoredRun, kind: ResourceKind): number | undefined {
  const shares = (series.parts ?? []).flatMap((row) => mostUsed(row, kind, ({ cpuShare }) => cpuShare) ?? []);
  return shares.length === 0 ? undefined : median(shares);
}

function mostReplicaMemory({ series }: StoredRun): number | undefined {
  const bytes = (series.parts ?? []).flatMap(({ parts }) =>
    parts.flatMap(({ name, memoryBytes }) => (kindOf(name) === "replica" ? (memoryBytes ?? []) : [])),
  );
  return bytes.length === 0 ? undefined : Math.max(...bytes) / 2 ** 20;
}

function requestsPerCpuSecond({ series }: StoredRun): number | undefined {
  return replicaLimit(series, 0, Number.POSITIVE_INFINITY)?.requestsPerCpuSecond;
}

function mostRequests({ series }: StoredRun): number | undefined {
  return series.rows.length === 0 ? undefined : Math.max(...series.rows.map(({ requests }) => requests));
}
