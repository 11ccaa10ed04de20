import { FIGURES, measured, NONE_FAILS, NOTHING_LOST } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce07: ExperimentInput = {
  id: "CE-07",
  title: "The primary is cut off from everything",
  hypothesis:
    "A primary that is unreachable demotes itself before another one takes over: never two, nothing acknowledged is lost.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    measured("longestWriteGap", "longest time without an acknowledged write"),
    ...FIGURES,
  ],
  steadyState: { guardian: true },
  stages: [{ name: "cut off", faults: [{ fault: "cut", on: "primary" }], seconds: 45 }],
  rounds: 5,
};
