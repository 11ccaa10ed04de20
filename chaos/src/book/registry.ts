import { Experiment, type ExperimentInput } from "../experiment/experiment.ts";
import { ce02, ce02Both, ce02Single } from "./ce-02.ts";
import { ce03 } from "./ce-03.ts";
import { ce04 } from "./ce-04.ts";
import { ce05, ce05Cut, ce05Kill } from "./ce-05.ts";
import { ce10 } from "./ce-10.ts";
import { ce11 } from "./ce-11.ts";
import { COMBINATIONS } from "./combinations.ts";
import { MONITORING } from "./monitoring.ts";
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
