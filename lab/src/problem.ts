/** Something the user can do something about: the message says what is wrong and what helps. */
export class LabProblem extends Error {
  override readonly name: string = "LabProblem";
}

/** Another run works on the same stand. */
export class StandBusy extends LabProblem {
  override readonly name = "StandBusy";
}
