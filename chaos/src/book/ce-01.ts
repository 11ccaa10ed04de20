import { atMost, figuresWithin, NONE_FAILS, NOTHING_LOST } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce01: ExperimentInput = {
  id: "CE-01",
  title: "Planned reboot of the primary's machine",
  hypothesis: "The other database machine takes over while the first one shuts down; clients wait, and nothing fails.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    atMost("longestWriteGap", 3_000, "writes pause for 3 s at most"),
    ...figuresWithin(5_000),
  ],
  steadyState: { guardian: true },
  stages: [{ name: "reboot", faults: [{ fault: "reboot", on: "primary" }], seconds: 10 }],
  abortWhen: [{ metric: "readSilence", above: 30_000, words: "no read is answered for 30 s" }],
  rounds: 5,
};
