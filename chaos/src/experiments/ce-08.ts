import { atMost, FIGURES, NONE_FAILS, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce08: ExperimentInput = {
  id: "CE-08",
  title: "The replica's machine loses its power",
  hypothesis: "Commits wait for the replica until it counts as gone, and then go on without it; the primary stays.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    none("primaryMoved", "the primary stays"),
    atMost("longestWriteGap", 8_000, "writes pause for 8 s at most"),
    ...FIGURES,
  ],
  steadyState: { guardian: true },
  stages: [{ name: "power", faults: [{ fault: "power-off", on: "replica" }], seconds: 15 }],
  rounds: 5,
};
