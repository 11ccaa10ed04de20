import { FIGURES, measured, NONE_FAILS, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce09: ExperimentInput = {
  id: "CE-09",
  title: "The HAProxy machine loses its power",
  hypothesis: "The API goes to the database machines itself when HAProxy is lost; nothing fails.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    none("primaryMoved", "the primary stays"),
    measured("longestWriteGap", "longest time without an acknowledged write"),
    ...FIGURES,
  ],
  steadyState: { guardian: true },
  stages: [{ name: "power", faults: [{ fault: "power-off", on: "haproxy/1" }], seconds: 15 }],
  rounds: 5,
};
