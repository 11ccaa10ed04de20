import { FIGURES, NONE_FAILS, NOTHING_LOST, stated } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce07: ExperimentInput = {
  id: "CE-07",
  title: "The primary is cut off from everything",
  hypothesis:
    "The primary that nobody can reach gives up by itself before another one takes over: never two, nothing acknowledged is lost.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    stated("longestWriteGap", "longest time without an acknowledged write"),
    ...FIGURES,
  ],
  steadyState: { guardian: true },
  stages: [{ name: "cut off", faults: [{ fault: "cut", on: "primary" }], seconds: 45 }],
  rounds: 5,
};
