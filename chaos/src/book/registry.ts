import { Experiment, type ExperimentInput } from "../experiment/experiment.ts";
import { COMBINATIONS } from "./combinations.ts";
import { ce02, ce02Both, ce02Single } from "./loss.ts";
import { MONITORING } from "./monitoring.ts";
import { ce03, ce04, ce11 } from "./resources.ts";
import { ce05, ce05Cut, ce05Kill, ce10 } from "./services.ts";
import { SINGLE_FAULTS } from "./single-faults.ts";

const NUMBERED: readonly ExperimentInput[] = [
  ...SINGLE_FAULTS,
  ...ce02Single,
  ...COMBINATIONS,
  ...[ce02, ce02Both, ce03, ce04, ce05, ce05Kill, ce05Cut, ce10, ce11],
];

/** The book of experiments, in the order of their ids; those of monitoring begin without a fault. */
export const EXPERIMENTS: readonly Experiment[] = [
  ...NUMBERED.toSorted((one, other) => one.id.localeCompare(other.id, "en", { numeric: true })),
  ...MONITORING,
].map((experiment) => Experiment.parse(experiment));
