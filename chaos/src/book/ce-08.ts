import { atMost, figuresWithin, NONE_FAILS, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

type Fault = ExperimentInput["stages"][number]["faults"][number];

const POWER_OFF: Fault = { fault: "power-off", on: "replica" };

function withoutReplica(slowestWriteMs: number): Pick<ExperimentInput, "expectations" | "steadyState" | "rounds"> {
  return {
    expectations: [
      ...NONE_FAILS,
      ...NOTHING_LOST,
      none("primaryMoved", "the primary stays"),
      atMost("longestWriteGap", 8_000, "writes pause for 8 s at most"),
      ...figuresWithin(slowestWriteMs),
    ],
    steadyState: { guardian: true },
    rounds: 5,
  };
}

export const ce08: ExperimentInput = {
  id: "CE-08",
  title: "The replica's machine loses its power",
  hypothesis: "Commits wait for the replica until the guardian takes it out, and then go on; the primary stays.",
  stages: [{ name: "power", faults: [POWER_OFF], seconds: 15 }],
  ...withoutReplica(2_500),
};

export const ce08Alone: ExperimentInput = {
  id: "CE-08-alone",
  title: "The replica's machine loses its power, without a guardian",
  hypothesis: "Commits wait for the replica until it counts as lost, and then go on without it; the primary stays.",
  stages: [{ name: "power", faults: [{ fault: "freeze-guardian" }, POWER_OFF], seconds: 15 }],
  ...withoutReplica(8_000),
};
