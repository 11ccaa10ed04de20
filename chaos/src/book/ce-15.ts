import { READS_GO_ON } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce15: ExperimentInput = {
  id: "CE-15",
  title: "The replica is promoted while it loses packets",
  hypothesis:
    "A replica that loses 30 % of what it sends still takes over from a primary without power; nothing is lost.",
  expectations: [...READS_GO_ON],
  steadyState: { guardian: true },
  stages: [
    {
      name: "loss",
      faults: [{ fault: "loss", on: "replica", percent: 30, direction: "out" }],
      seconds: 15,
      after: "keep",
    },
    { name: "power", faults: [{ fault: "power-off", on: "primary" }], seconds: 45 },
  ],
  blastRadius: { postgres: 2 },
  rounds: 3,
};
