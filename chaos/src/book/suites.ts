import { EXPERIMENTS } from "./registry.ts";

export interface Suite {
  readonly about: string;
  /** Ids, in the order in which they run. */
  readonly experiments: readonly string[];
  /** Instead of each experiment's own. */
  readonly rounds?: number;
  /** In docs/results. */
  readonly page?: Page;
}

export interface Page {
  /** Without its ending. */
  readonly name: string;
  readonly title: string;
  /** Of its first table: header, and name of a figure or metric of an expectation. */
  readonly columns?: readonly (readonly [header: string, figure: string])[];
}

const ALL = EXPERIMENTS.map(({ id }) => id);
const LOSS = ALL.filter((id) => /^CE-02-(out|both)-\d+$/.test(id));
const ALONE = "CE-08-alone";

export const SUITES = {
  short: {
    about: "what CI runs, one round each, in about 15 minutes",
    experiments: [
      // First: what the other faults leave of alerts would have to be waited for.
      ...["MON-probe", "MON-disk"],
      ...["CE-12", "CE-01", "CE-06-fenced", "CE-08", "CE-10", "CE-05-cut", "CE-02-out-30", "CE-11"],
    ],
    rounds: 1,
  },
  chaos: {
    about: "what may break, and what clients notice",
    experiments: ALL.filter((id) => id.startsWith("CE-") && !LOSS.includes(id) && id !== ALONE),
    page: { name: "chaos", title: "chaos experiments" },
  },
  stand: {
    about: "each fault of the stand alone, with the targets of availability",
    experiments: [
      ...["CE-01", "CE-12", "CE-06-fenced", "CE-06", "CE-08", ALONE],
      ...["CE-09", "CE-10", "CE-05", "CE-05-kill", "CE-05-cut"],
      ...LOSS,
    ],
    page: { name: "stand", title: "the stand under faults" },
  },
  monitoring: {
    about: "whether alerts come in time and only then, and what monitoring costs",
    experiments: ALL.filter((id) => id.startsWith("MON-")),
    page: {
      name: "monitoring",
      title: "when alerts arrive",
      columns: [
        ["notified after", "alertDelay"],
        ["resolved after", "alertResolved"],
        ["undeclared alerts", "undeclaredAlerts"],
      ],
    },
  },
  all: { about: "every experiment once", experiments: ALL },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof SUITES;
export const SUITE_NAMES = Object.keys(SUITES) as SuiteName[];
