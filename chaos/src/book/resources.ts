import { atMost, measured, NONE_FAILS, NOTHING_LOST, none, worst } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";
import { FULL_DISK } from "./single-faults.ts";

const CPU_PERCENTS = [30, 50, 70, 90, 100];
const cpuStage = (percent: number): string => `CPU ${percent} %`;
const DISK = "disk";

export const ce03: ExperimentInput = {
  id: "CE-03",
  title: "CPU and disk of the primary's machine are busy",
  hypothesis:
    "Other load on the primary's CPUs or disk makes answers slower, but nothing fails and there is no failover.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    none("primaryMoved", "the primary stays"),
    atMost("p95Reads", 100, "95th percentile of reads under 100 ms with all CPUs busy", { during: [cpuStage(100)] }),
    atMost("p95Reads", 100, "95th percentile of reads under 100 ms with the disk busy", { during: [DISK] }),
    ...CPU_PERCENTS.map((percent) =>
      measured("p95Writes", `95th percentile of writes at ${percent} % CPU`, { during: [cpuStage(percent)] }),
    ),
    measured("p95Writes", "95th percentile of writes with the disk busy", { during: [DISK] }),
  ],
  stages: [
    ...CPU_PERCENTS.map((percent) => ({
      name: cpuStage(percent),
      faults: [{ fault: "cpu", on: "primary", percent } as const],
      seconds: 120,
    })),
    { name: DISK, faults: [{ fault: "disk-io", on: "primary", path: "/var/lib" }], seconds: 120 },
  ],
  abortWhen: [{ metric: "writeSilence", above: 60_000, words: "no write is acknowledged for 60 s" }],
};

const THREE_MINUTES = 180_000;
const within = (stage: string, alert: string) =>
  atMost("alertDelay", THREE_MINUTES, `${alert} arrives within 3 minutes`, { during: [stage], alert });

export const ce04: ExperimentInput = {
  id: "CE-04",
  title: "Does the monitoring notice?",
  hypothesis:
    "CPU at 100 %, memory at 82 % and the disk filled to 92 % each bring their alert within 3 minutes; clients notice nothing.",
  expectations: [
    within("cpu", "NodeExporterHostHighCpuLoad"),
    within("memory", "NodeExporterHostOutOfMemory"),
    within("disk", "NodeExporterHostOutOfDiskSpace"),
    ...NONE_FAILS,
    ...NOTHING_LOST,
  ],
  // Where all machines share one computer, load and samples take CPU time from the machine that should have none left.
  load: { clients: 1, intervalMs: 500, background: null },
  watch: { haproxy: false, etcd: false },
  stages: [
    { name: "cpu", faults: [{ fault: "cpu", on: "primary", percent: 100 }], seconds: 240 },
    { name: "memory", faults: [{ fault: "memory", on: "primary", percent: 82 }], seconds: 200 },
    { name: "disk", faults: [{ fault: "disk-fill", on: "primary", path: "/", fill: { percent: 92 } }], seconds: 200 },
  ],
};

export const ce11: ExperimentInput = {
  id: "CE-11",
  title: "The primary's disk is full",
  hypothesis:
    "The replica takes over within seconds, nothing is lost, and everything recovers without help once there is space.",
  expectations: [
    none("failedReads", "no read fails"),
    ...NOTHING_LOST,
    worst("failedWrites", 0, "every write is acknowledged within its 30 s"),
    worst("longestWrite", 8_000, "no write takes longer than 8 s"),
    measured("longestWriteGap", "longest time without an acknowledged write"),
    measured("newPrimary", "time to a new primary"),
    measured("recovery", "time from the space's return until everything is as before"),
  ],
  // Recovery without a person: the round fails unless everything is as before within the deadline.
  steadyState: { guardian: true, deadlineSeconds: 240 },
  stages: [{ name: "full", faults: [FULL_DISK], seconds: 90 }],
  rounds: 3,
};
