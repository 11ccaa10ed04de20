import { CommandError } from "@goldenring/run-kit";
import { Experiment, type ExperimentInput } from "../experiment/experiment.ts";
import { readOwnFile } from "../file/read-file.ts";
import { COMBINATIONS } from "./combinations.ts";
import { KUBERNETES } from "./kubernetes.ts";
import { ce02, ce02Both, ce02Single } from "./loss.ts";
import { MONITORING } from "./monitoring.ts";
import { ce03, ce04, ce11 } from "./resources.ts";
import { ce10, WITHOUT_ETCD } from "./services.ts";
import { EXHAUSTED, SICK_PRIMARY, SICK_REPLICA, SLOW_PRIMARY } from "./sick.ts";
import { SINGLE_FAULTS } from "./single-faults.ts";

const NUMBERED: readonly ExperimentInput[] = [
  ...SINGLE_FAULTS,
  ...ce02Single,
  ...COMBINATIONS,
  ...WITHOUT_ETCD,
  ...[...SICK_PRIMARY, ...SLOW_PRIMARY, ...SICK_REPLICA, ...EXHAUSTED],
  ...KUBERNETES,
  ...[ce02, ce02Both, ce03, ce04, ce10, ce11],
];

/** The book of experiments, in the order of their ids; those of monitoring begin without a fault. */
export const EXPERIMENTS: readonly Experiment[] = [
  ...NUMBERED.toSorted((one, other) => one.id.localeCompare(other.id, "en", { numeric: true })),
  ...MONITORING,
].map((experiment) => Experiment.parse(experiment));

/**
 * An experiment of the book by its id, or one of a user's own by its file: YAML, JSON, or a module whose default export it is.
 *
 * @throws {CommandError} (usage) with every place that is wrong
 */
export async function loadExperiment(idOrFile: string): Promise<Experiment> {
  const found = EXPERIMENTS.find(({ id }) => id.toLowerCase() === idOrFile.toLowerCase());
  if (found) return found;
  if (!/[/.]/.test(idOrFile))
    throw unusable(
      `There is no experiment "${idOrFile}": \`ring chaos list\` shows all. For one of your own give its file: ./${idOrFile}.ts`,
    );
  return readOwnFile(idOrFile, "experiment", Experiment);
}

const unusable = (message: string): CommandError => new CommandError(message, "usage");

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
      "MON-probe",
      ...["CE-12", "CE-01", "CE-06-fenced", "CE-08", "CE-10", "CE-05-cut", "CE-11", "CE-17", "CE-19"],
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
      ...["CE-07", ...[...SICK_PRIMARY, ...SICK_REPLICA, ...EXHAUSTED].map(({ id }) => id)],
    ],
    page: { name: "stand", title: "the stand under faults" },
  },
  kubernetes: {
    about: "what only an API on Kubernetes can have",
    experiments: KUBERNETES.map(({ id }) => id),
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
