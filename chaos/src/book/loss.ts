import { measured, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";
import { singleFault } from "./single-faults.ts";

type Direction = "out" | "both";

const nameOf = (percent: number): string => `${percent} %`;

function lossOf(direction: Direction, percents: readonly number[]): ExperimentInput["stages"] {
  return percents.map((percent) => ({
    name: nameOf(percent),
    faults: [{ fault: "loss", on: "primary", percent, direction }],
    seconds: 60,
    // `primary` stays the machine that it was when the round began, so the next stage hits the same machine.
    after: "recover",
  }));
}

const measuredAt = (
  metric: "longestWrite" | "p95Reads" | "failedWrites" | "newPrimary",
  words: string,
  percent: number,
) => measured(metric, `${words} at ${percent} %`, { during: [nameOf(percent)] });

const HARSH = [60, 80];
const CARRIED = [10, 20, 30, 40];
const during = CARRIED.map(nameOf);

export const ce02: ExperimentInput = {
  id: "CE-02",
  title: "The primary's machine loses packets that it sends",
  hypothesis:
    "Up to 40 % loss of what the primary's machine sends nothing fails; beyond, reads go on and nothing is lost.",
  expectations: [
    none("failedReads", "no read fails up to 40 %", { during }),
    none("failedWrites", "no write fails up to 40 %", { during }),
    none("failedReads", "no read fails at 60 and 80 %", { during: HARSH.map(nameOf) }),
    ...NOTHING_LOST,
    ...[...CARRIED, ...HARSH].flatMap((percent) => [
      measuredAt("longestWrite", "slowest write", percent),
      measuredAt("p95Reads", "95th percentile of reads", percent),
    ]),
    measured("failedWrites", "failed writes at 60 and 80 %", { during: HARSH.map(nameOf) }),
    ...HARSH.map((percent) => measuredAt("newPrimary", "time to a new primary", percent)),
  ],
  steadyState: { guardian: true },
  stages: lossOf("out", [...CARRIED, ...HARSH]),
  rounds: 3,
};

const BOTH = [20, 30, 40];

export const ce02Both: ExperimentInput = {
  id: "CE-02-both",
  title: "The primary's machine loses packets both ways",
  hypothesis:
    "Loss in both directions is far harsher (40 % each way loses 64 % of the round trips); reads go on and nothing is lost.",
  expectations: [
    none("failedReads", "no read fails"),
    ...NOTHING_LOST,
    ...BOTH.flatMap((percent) => [
      measuredAt("failedWrites", "failed writes", percent),
      measuredAt("longestWrite", "slowest write", percent),
    ]),
    ...BOTH.map((percent) => measuredAt("newPrimary", "time to a new primary", percent)),
  ],
  steadyState: { guardian: true },
  stages: lossOf("both", BOTH),
  rounds: 3,
};

/** One loss for a minute, in which nothing may fail. */
const lossWithoutFailure = (direction: Direction, where: string) => (percent: number) =>
  singleFault({
    id: `CE-02-${direction}-${percent}`,
    title: `The primary's machine loses ${percent} % of the packets ${where}`,
    hypothesis: "Packets are sent again in time: answers take longer, and nothing fails.",
    stages: lossOf(direction, [percent]),
    rounds: 3,
  });

export const ce02Single: readonly ExperimentInput[] = [
  ...CARRIED.map(lossWithoutFailure("out", "that it sends")),
  ...BOTH.map(lossWithoutFailure("both", "both ways")),
];
