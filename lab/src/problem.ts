import { CommandError } from "@goldenring/run-kit";

/** Something the user can do something about: the message says what is wrong and what helps. */
export class LabProblem extends CommandError {
  override readonly name: string = "LabProblem";
}

/** Another command runs on the same stand. */
export class StandBusy extends LabProblem {
  override readonly name = "StandBusy";

  constructor(message: string) {
    super(message, "busy");
  }
}
