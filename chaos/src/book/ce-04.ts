import { atMost, NONE_FAILS, NOTHING_LOST } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

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
