import { READS_GO_ON } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export const ce16: ExperimentInput = {
  id: "CE-16",
  title: "The primary's disk is full, and its PostgreSQL dies of it",
  hypothesis:
    "The replica takes over; the old primary cannot be rewound without space, and still comes back without help once there is some.",
  expectations: [...READS_GO_ON],
  // As in CE-11: the round fails unless everything is as before within the deadline, without a person.
  steadyState: { deadlineSeconds: 240 },
  stages: [
    {
      name: "full",
      faults: [{ fault: "disk-fill", on: "primary", path: "/var/lib/postgresql", fill: { percent: 100 } }],
      seconds: 5,
      after: "keep",
    },
    {
      // As a checkpoint without space does (PANIC), but without the wait for one.
      name: "death",
      faults: [{ fault: "kill-process", on: "primary", pidFile: "/var/lib/postgresql/*/main/postmaster.pid" }],
      seconds: 60,
    },
  ],
  rounds: 3,
};
