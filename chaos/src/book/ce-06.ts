import { atMost, figuresWithin, NONE_FAILS, NOTHING_LOST } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

const COMMON = {
  steadyState: { guardian: true },
  rounds: 5,
} as const;

export const ce06: ExperimentInput = {
  ...COMMON,
  id: "CE-06",
  title: "The primary's machine loses its power, without a guardian",
  hypothesis: "When the leader key has expired the replica takes over; clients wait that long, and nothing fails.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    ...figuresWithin(25_000),
    atMost("longestWriteGap", 25_000, "writes pause for 25 s at most"),
  ],
  stages: [
    {
      name: "power",
      faults: [{ fault: "freeze-guardian" }, { fault: "power-off", on: "primary" }],
      seconds: 35,
    },
  ],
};

export const ce06Fenced: ExperimentInput = {
  ...COMMON,
  id: "CE-06-fenced",
  title: "The primary's machine loses its power, and the guardian fences it",
  hypothesis:
    "The guardian knows that the machine is off, frees the leader key, and the replica takes over within seconds.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    ...figuresWithin(4_000),
    atMost("longestWriteGap", 8_000, "writes pause for 8 s at most"),
  ],
  stages: [{ name: "power", faults: [{ fault: "power-off", on: "primary" }], seconds: 15 }],
};
