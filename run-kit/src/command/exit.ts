/** What an exit code of `ring`, `load` and `chaos` means. One number has one meaning everywhere; docs/ring.md shows the same table. */
const EXITS = {
  ok: [0, "done; of a run: every objective or expectation held"],
  failed: [1, "failed; the last lines say why (`ring check`: something is not well)"],
  usage: [
    2,
    "the command line, an inventory or an experiment cannot be used, or the target may not be loaded without permission",
  ],
  noStand: [3, "the stand is not up, or has no such machine or snapshot"],
  busy: [4, "another command or experiment is running on the stand"],
  objectiveMissed: [10, "load: an objective was missed"],
  targetUnreachable: [11, "load: the target cannot be reached, or stopped answering during the run"],
  k6Missing: [12, "load: k6 is not installed"],
  targetUnfit: [13, "load: the target is not a Weather API, or lacks the data that the scenario needs"],
  expectationMissed: [20, "chaos: an expectation was missed, or could not be judged"],
  aborted: [21, "chaos: the abort condition came true; everything is undone"],
  notUndone: [22, "chaos: a fault could not be undone; `ring chaos recover` tries again"],
  notSteady: [23, "chaos: the stand was not in its steady state before a fault or after it"],
  interrupted: [130, "interrupted by Ctrl-C; what was injected is undone, a run keeps its figures so far"],
  terminated: [143, "ended by SIGTERM or `ring chaos stop`; the same"],
} as const;

export type ExitName = keyof typeof EXITS;

const column = <At extends 0 | 1>(at: At) =>
  Object.fromEntries(Object.entries(EXITS).map(([name, exit]) => [name, exit[at]])) as {
    readonly [Name in ExitName]: (typeof EXITS)[Name][At];
  };
export const EXIT = column(0);
export const EXIT_MEANINGS = column(1);

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
