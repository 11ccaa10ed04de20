import { FIGURES, measured, NOTHING_LOST, none, READS_GO_ON } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";
import { FULL_DISK, killPostgres, type Use } from "./single-faults.ts";

const LOSES_PACKETS: Use = { fault: "loss", on: "replica", percent: 30, direction: "out" };

/** Two things happen at once: combinations that a stand meets in real life. */
export const COMBINATIONS: readonly ExperimentInput[] = [
  {
    id: "CE-14",
    title: "The primary is lost while the replica is behind",
    hypothesis:
      "A replica that is no synchronous standby any more is not promoted: writes wait for the old primary, and nothing is lost.",
    expectations: [
      none("failedReads", "no read fails"),
      ...NOTHING_LOST,
      none("primaryMoved", "the replica that is behind is not promoted"),
      measured("failedWrites", "writes that failed while there was no primary"),
      measured("longestWriteGap", "longest time without an acknowledged write"),
      ...FIGURES,
    ],
    steadyState: { guardian: true },
    stages: [
      { name: "behind", faults: [{ fault: "cut", on: "replica", from: ["primary"] }], seconds: 40, after: "keep" },
      { name: "power", faults: [{ fault: "power-off", on: "primary" }], seconds: 20 },
    ],
    // The point of it: both database machines are faulty.
    blastRadius: { postgres: 2 },
    rounds: 3,
  },
  {
    id: "CE-15",
    title: "The replica is promoted while it loses packets",
    hypothesis:
      "A replica that loses 30 % of what it sends still takes over from a primary without power; nothing is lost.",
    expectations: [...READS_GO_ON],
    steadyState: { guardian: true },
    stages: [
      { name: "loss", faults: [LOSES_PACKETS], seconds: 15, after: "keep" },
      { name: "power", faults: [{ fault: "power-off", on: "primary" }], seconds: 45 },
    ],
    blastRadius: { postgres: 2 },
    rounds: 3,
  },
  {
    id: "CE-16",
    title: "The primary's disk is full, and its PostgreSQL dies of it",
    hypothesis:
      "The replica takes over; the old primary cannot be rewound without space, and still comes back without help once there is some.",
    expectations: [...READS_GO_ON],
    // As in CE-11: the round fails unless everything is as before within the deadline, without a person.
    steadyState: { deadlineSeconds: 240 },
    stages: [
      { name: "full", faults: [FULL_DISK], seconds: 5, after: "keep" },
      // As a checkpoint without space does (PANIC), but without the wait for one.
      { name: "death", faults: [killPostgres("primary")], seconds: 60 },
    ],
    rounds: 3,
  },
];
