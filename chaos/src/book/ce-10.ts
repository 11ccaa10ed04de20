import { measured, NONE_FAILS, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

const UNIT = "goldenring-api";

export const ce10: ExperimentInput = {
  id: "CE-10",
  title: "A replica of the API is killed, and all three are restarted one after another",
  hypothesis: "The other replicas answer in its place; a rolling restart costs no request.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    none("primaryMoved", "the primary stays"),
    measured("longestReadGap", "longest time without an answered read"),
    measured("longestWriteGap", "longest time without an acknowledged write"),
  ],
  steadyState: { guardian: true },
  stages: [
    { name: "kill", faults: [{ fault: "kill-unit", on: "api/next", unit: UNIT }], seconds: 5, after: "recover" },
    ...[1, 2, 3].map((number) => ({
      name: `restart ${number}`,
      faults: [{ fault: "restart-unit", on: `api/${number}`, unit: UNIT } as const],
      seconds: 3,
      // The next one only when this one is back, as a rolling restart does.
      after: "recover" as const,
    })),
  ],
  rounds: 5,
};
