import * as z from "zod";

/** How a run ended. */
export const EndedBy = z.enum([
  "held",
  "deviated",
  "aborted",
  "not-undone",
  "not-steady",
  "failed",
  "interrupted",
  "terminated",
]);
export type EndedBy = z.infer<typeof EndedBy>;

/** What an exit code of the chaos commands means; the same table stands in docs/chaos.md. Those below 10 and above 100 are `ring`'s own. */
export const CHAOS_EXIT = {
  held: 0,
  failed: 1,
  usage: 2,
  noStand: 3,
  busy: 4,
  deviated: 20,
  aborted: 21,
  "not-undone": 22,
  "not-steady": 23,
  interrupted: 130,
  terminated: 143,
} as const satisfies Readonly<Record<EndedBy, number>> & Readonly<Record<string, number>>;

export const CHAOS_EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [CHAOS_EXIT.held, "done; of a run: the hypothesis held"],
  [CHAOS_EXIT.failed, "failed, or a fault is not available here; the last lines say why"],
  [CHAOS_EXIT.usage, "the command line or an experiment cannot be used"],
  [CHAOS_EXIT.noStand, "there is no stand, or it is down"],
  [CHAOS_EXIT.busy, "another experiment runs on the stand"],
  [CHAOS_EXIT.deviated, "an expectation was missed"],
  [CHAOS_EXIT.aborted, "the abort condition held: undone and ended early"],
  [CHAOS_EXIT["not-undone"], "a fault could not be undone: `recover` goes on with it"],
  [CHAOS_EXIT["not-steady"], "the stand was not steady before a fault, or not again after it"],
  [CHAOS_EXIT.interrupted, "interrupted by Ctrl-C; everything is undone"],
  [CHAOS_EXIT.terminated, "ended by SIGTERM or `stop`; everything is undone"],
];

/** An end that is explained to the user in words. */
export class ChaosError extends Error {
  override readonly name = "ChaosError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = CHAOS_EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
