import { FIGURES, measured, NONE_FAILS, NOTHING_LOST } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce13: ExperimentInput = {
  id: "CE-13",
  title: "etcd's leader and the primary lose their power together",
  hypothesis:
    "A new etcd leader gives the old leader key its full time again; the guardian frees it, and nothing fails.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    measured("longestWriteGap", "longest time without an acknowledged write"),
    ...FIGURES,
  ],
  steadyState: { guardian: true },
  stages: [
    {
      name: "power",
      faults: [
        { fault: "power-off", on: "etcd-leader" },
        { fault: "power-off", on: "primary" },
      ],
      seconds: 40,
    },
  ],
  rounds: 5,
};
