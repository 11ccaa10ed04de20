import { measured, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce11: ExperimentInput = {
  id: "CE-11",
  title: "The primary's disk is full",
  hypothesis:
    "No acknowledged write is lost, the API keeps answering reads, and everything recovers without help once there is space.",
  expectations: [
    none("failedReads", "no read fails"),
    ...NOTHING_LOST,
    measured("failedWrites", "writes that failed"),
    measured("longestWriteGap", "longest time without an acknowledged write"),
    measured("newPrimary", "time to a new primary"),
    measured("recovery", "time from the space's return until everything is as before"),
  ],
  // Recovery without a person: the round fails unless everything is as before within the deadline.
  steadyState: { deadlineSeconds: 240 },
  stages: [
    {
      name: "full",
      faults: [{ fault: "disk-fill", on: "primary", path: "/var/lib/postgresql", fill: { percent: 100 } }],
      seconds: 90,
    },
  ],
  rounds: 3,
};
