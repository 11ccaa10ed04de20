/** What an exit code of the load commands means; the same table stands in docs/load.md. Those below 10 are `ring`'s own. */
export const LOAD_EXIT = {
  held: 0,
  failed: 1,
  usage: 2,
  sloBroken: 10,
  targetDown: 11,
  k6Missing: 12,
  targetUnfit: 13,
  interrupted: 130,
  terminated: 143,
} as const;

export const LOAD_EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [LOAD_EXIT.held, "done; a run held every objective to its end"],
  [LOAD_EXIT.failed, "failed; the last lines say why"],
  [LOAD_EXIT.usage, "the command line cannot be used, or the target is not one that may be loaded without being asked"],
  [LOAD_EXIT.sloBroken, "an objective broke"],
  [LOAD_EXIT.targetDown, "the target cannot be reached, or died during the run"],
  [LOAD_EXIT.k6Missing, "k6 is not there"],
  [LOAD_EXIT.targetUnfit, "the target is no Weather API, or lacks the data that the scenario needs"],
  [LOAD_EXIT.interrupted, "interrupted by Ctrl-C; a run keeps its result so far"],
  [LOAD_EXIT.terminated, "ended by SIGTERM; a run keeps its result so far"],
];

/** An end that is explained to the user in words. */
export class LoadError extends Error {
  override readonly name = "LoadError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = LOAD_EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
