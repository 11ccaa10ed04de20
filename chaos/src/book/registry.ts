import { Experiment, type ExperimentInput } from "../experiment/experiment.ts";
import { ce01 } from "./ce-01.ts";
import { ce02, ce02Both, ce02Single } from "./ce-02.ts";
import { ce03 } from "./ce-03.ts";
import { ce04 } from "./ce-04.ts";
import { ce05, ce05Cut, ce05Kill } from "./ce-05.ts";
import { ce06, ce06Fenced } from "./ce-06.ts";
import { ce07 } from "./ce-07.ts";
import { ce08, ce08Alone } from "./ce-08.ts";
import { ce09 } from "./ce-09.ts";
import { ce10 } from "./ce-10.ts";
import { ce11 } from "./ce-11.ts";
import { ce12 } from "./ce-12.ts";
import { ce13 } from "./ce-13.ts";
import { ce14 } from "./ce-14.ts";
import { ce15 } from "./ce-15.ts";
import { ce16 } from "./ce-16.ts";
import { MONITORING } from "./monitoring.ts";

/** From CE-13 on two things happen at once: combinations that a stand meets in real life. */
const BOOK: readonly ExperimentInput[] = [
  ...[ce01, ce02, ce02Both, ...ce02Single, ce03, ce04, ce05, ce05Kill, ce05Cut, ce06, ce06Fenced, ce07],
  ...[ce08, ce08Alone, ce09, ce10, ce11, ce12, ce13, ce14, ce15, ce16],
  ...MONITORING,
];

/** The book of experiments, in its order. */
export const EXPERIMENTS: readonly Experiment[] = BOOK.map((experiment) => Experiment.parse(experiment));
