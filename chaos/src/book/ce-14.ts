import { FIGURES, measured, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce14: ExperimentInput = {
  id: "CE-14",
  title: "The primary is lost while the replica is behind",
  hypothesis:
    "A replica that is no synchronous standby any more is not promoted: writes wait for the old primary, and nothing is lost.",
  expectations: [
    none("failedReads", "no read fails"),
    ...NOTHING_LOST,
    none("primaryMoved", "the replica that is behind is not promoted"),
    measured("failedWrites", "writes that failed while there was no primary"),
    measured("longestWriteGap", "longest time without an acknowledged write"),
    ...FIGURES,
  ],
  steadyState: { guardian: true },
  stages: [
    { name: "behind", faults: [{ fault: "cut", on: "replica", from: ["primary"] }], seconds: 40, after: "keep" },
    { name: "power", faults: [{ fault: "power-off", on: "primary" }], seconds: 20 },
  ],
  // The point of it: both database machines are faulty.
  blastRadius: { postgres: 2 },
  rounds: 3,
};
