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

const PERCENTS = [10, 20, 30, 40, 60, 80];
const CARRIED = [10, 20, 30, 40].map(nameOf);
const HARSH = [60, 80].map(nameOf);

export const ce02: ExperimentInput = {
  id: "CE-02",
  title: "The primary's machine loses packets that it sends",
  hypothesis:
    "Up to 40 % loss of what the primary's machine sends nothing fails; beyond, reads go on and nothing is lost.",
  expectations: [
    none("failedReads", "no read fails up to 40 %", { during: CARRIED }),
    none("failedWrites", "no write fails up to 40 %", { during: CARRIED }),
    none("failedReads", "no read fails at 60 and 80 %", { during: HARSH }),
    ...NOTHING_LOST,
    ...PERCENTS.flatMap((percent) => {
      const during = [nameOf(percent)];
      return [
        measured("longestWrite", `slowest write at ${percent} %`, { during }),
        measured("p95Reads", `95th percentile of reads at ${percent} %`, { during }),
      ];
    }),
    measured("failedWrites", "failed writes at 60 and 80 %", { during: HARSH }),
    ...HARSH.map((name) => measured("newPrimary", `time to a new primary at ${name}`, { during: [name] })),
  ],
  steadyState: { guardian: true },
  stages: lossOf("out", PERCENTS),
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
    ...BOTH.flatMap((percent) => {
      const during = [nameOf(percent)];
      return [
        measured("failedWrites", `failed writes at ${percent} %`, { during }),
        measured("longestWrite", `slowest write at ${percent} %`, { during }),
      ];
    }),
    ...BOTH.map((percent) =>
      measured("newPrimary", `time to a new primary at ${percent} %`, { during: [nameOf(percent)] }),
    ),
  ],
  steadyState: { guardian: true },
  stages: lossOf("both", BOTH),
  rounds: 3,
};

const DIRECTION_WORDS = { out: "that it sends", both: "both ways" } as const;

/** One loss for a minute, in which nothing may fail. */
function lossWithoutFailure(direction: Direction, percent: number): ExperimentInput[] {
  return lossOf(direction, [percent]).map((stage) =>
    singleFault({
      id: `CE-02-${direction}-${percent}`,
      title: `The primary's machine loses ${percent} % of the packets ${DIRECTION_WORDS[direction]}`,
      hypothesis: "Packets are sent again in time: answers take longer, and nothing fails.",
      stage,
      rounds: 3,
    }),
  );
}

export const ce02Single: readonly ExperimentInput[] = [
  ...[10, 20, 30, 40].flatMap((percent) => lossWithoutFailure("out", percent)),
  ...BOTH.flatMap((percent) => lossWithoutFailure("both", percent)),
];
