import { atMost, measured, NONE_FAILS, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

const PERCENTS = [30, 50, 70, 90, 100];
const nameOf = (percent: number): string => `CPU ${percent} %`;
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
    atMost("p95Reads", 100, "95th percentile of reads under 100 ms with all CPUs busy", { during: [nameOf(100)] }),
    atMost("p95Reads", 100, "95th percentile of reads under 100 ms with the disk busy", { during: [DISK] }),
    ...PERCENTS.map((percent) =>
      measured("p95Writes", `95th percentile of writes at ${percent} % CPU`, { during: [nameOf(percent)] }),
    ),
    measured("p95Writes", "95th percentile of writes with the disk busy", { during: [DISK] }),
  ],
  stages: [
    ...PERCENTS.map((percent) => ({
      name: nameOf(percent),
      faults: [{ fault: "cpu", on: "primary", percent } as const],
      seconds: 120,
    })),
    { name: DISK, faults: [{ fault: "disk-io", on: "primary", path: "/var/lib" }], seconds: 120 },
  ],
  abortWhen: [{ metric: "writeSilence", above: 60_000, words: "no write is acknowledged for 60 s" }],
};
