/** What an exit code of `ring`, `load` and `chaos` means. One number has one meaning everywhere; docs/ring.md shows the same table. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  noStand: 3,
  busy: 4,
  objectiveMissed: 10,
  targetUnreachable: 11,
  k6Missing: 12,
  targetUnfit: 13,
  expectationMissed: 20,
  aborted: 21,
  notUndone: 22,
  notSteady: 23,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitName = keyof typeof EXIT;

export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: "done; of a run: every objective or expectation held",
  failed: "failed; the last lines say why (`ring check`: something is not well)",
  usage:
    "the command line, an inventory or an experiment cannot be used, or the target may not be loaded without permission",
  noStand: "the stand is not up, or has no such machine or snapshot",
  busy: "another command or experiment is running on the stand",
  objectiveMissed: "load: an objective was missed",
  targetUnreachable: "load: the target cannot be reached, or stopped answering during the run",
  k6Missing: "load: k6 is not installed",
  targetUnfit: "load: the target is not a Weather API, or lacks the data that the scenario needs",
  expectationMissed: "chaos: an expectation was missed, or could not be judged",
  aborted: "chaos: the abort condition came true; everything is undone",
  notUndone: "chaos: a fault could not be undone; `ring chaos recover` tries again",
  notSteady: "chaos: the stand was not in its steady state before a fault or after it",
  interrupted: "interrupted by Ctrl-C; what was injected is undone, a run keeps its figures so far",
  terminated: "ended by SIGTERM or `ring chaos stop`; the same",
};

/** The lines of a program's `--help` for the exit codes that it has. */
export function exitCodeHelp(names: readonly ExitName[]): string {
  return names.map((name) => `  ${String(EXIT[name]).padEnd(4)} ${EXIT_MEANINGS[name]}`).join("\n");
}

/** An end of a command that its message explains to the user; anything else that is thrown is a defect and shows its stack. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly exitCode: number;

  /** @param exit a name of `EXIT`; a number only for codes of other programs that are passed on, as by `ring ssh` */
  constructor(message: string, exit: ExitName | number = "failed") {
    super(message);
    this.exitCode = typeof exit === "number" ? exit : EXIT[exit];
  }
}
