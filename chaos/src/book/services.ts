import { atMost, measured, NONE_FAILS, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";
import type { Use } from "./single-faults.ts";

/** Between the loss of one etcd node and the next: longer than an election and several of Patroni's loops, s. */
const PACE = 5;

function withoutEtcd(id: string, how: string, fault: (on: string) => Use): ExperimentInput {
  return {
    id,
    title: `etcd is ${how}, one machine after another, all three`,
    hypothesis:
      "The loss of one etcd machine has no effect; without any, Patroni's failsafe mode keeps the primary, and reads and writes go on.",
    expectations: [
      ...NONE_FAILS,
      ...NOTHING_LOST,
      none("primaryMoved", "the primary stays"),
      atMost("longestWriteGap", 2_000, "writes pause for 2 s at most"),
      atMost("longestWrite", 2_000, "no write takes longer than 2 s"),
    ],
    steadyState: { guardian: true },
    stages: [
      { name: "one", faults: [fault("etcd/1")], seconds: PACE, after: "keep" },
      { name: "two", faults: [fault("etcd/2")], seconds: PACE, after: "keep" },
      { name: "three", faults: [fault("etcd/3")], seconds: 30 },
    ],
    blastRadius: { etcd: 3 },
    abortWhen: [{ metric: "writeSilence", above: 60_000, words: "no write is acknowledged for 60 s" }],
    rounds: 5,
  };
}

const unit = "etcd";

export const WITHOUT_ETCD: readonly ExperimentInput[] = [
  withoutEtcd("CE-05", "stopped", (on) => ({ fault: "stop-unit", on, unit })),
  withoutEtcd("CE-05-kill", "killed", (on) => ({ fault: "kill-unit", on, unit, staysDead: true })),
  withoutEtcd("CE-05-cut", "cut off", (on) => ({ fault: "cut", on })),
];

const UNIT = "goldenring-api";

export const ce10: ExperimentInput = {
  id: "CE-10",
  title: "A replica of the API is killed, and three are restarted one after another",
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
      // Also of more replicas, or of fewer.
      faults: [{ fault: "restart-unit", on: `api/next+${number}`, unit: UNIT } as const],
      seconds: 3,
      // The next one only when this one is back, as a rolling restart does.
      after: "recover" as const,
    })),
  ],
  rounds: 5,
};
