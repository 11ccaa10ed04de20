import { atMost, figuresWithin, NONE_FAILS, NOTHING_LOST } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce12: ExperimentInput = {
  id: "CE-12",
  title: "The primary's PostgreSQL is killed",
  hypothesis: "Patroni notices at once, and either machine is the primary within 2.5 s; nothing fails.",
  expectations: [
    ...NONE_FAILS,
    ...NOTHING_LOST,
    atMost("longestWriteGap", 2_500, "writes pause for 2.5 s at most"),
    ...figuresWithin(4_000),
  ],
  steadyState: { guardian: true },
  stages: [
    {
      name: "kill",
      faults: [{ fault: "kill-process", on: "primary", pidFile: "/var/lib/postgresql/*/main/postmaster.pid" }],
      seconds: 5,
    },
  ],
  rounds: 5,
};
