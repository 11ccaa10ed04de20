/** What a `ring` exit code means; the same table stands in docs/ring.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  noStand: 3,
  busy: 4,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, "done"],
  [EXIT.failed, "failed; the last lines say why (ring check: something is not well)"],
  [EXIT.usage, "the command line or an inventory cannot be used"],
  [EXIT.noStand, "the stand is not up, or has no such machine or snapshot"],
  [EXIT.busy, "another ring command is at work on the stand"],
  [EXIT.interrupted, "interrupted by Ctrl-C"],
  [EXIT.terminated, "ended by SIGTERM"],
];

/** An end that is explained to the user in words. `ring ssh` also ends with the remote command's own code. */
export class RingError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.name = "RingError";
    this.exitCode = exitCode;
  }
}
