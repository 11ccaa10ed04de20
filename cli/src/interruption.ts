import { constants } from "node:os";
import { EXIT, RingError } from "./exit.ts";

/** Why a command was told to stop. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** The exit code of a command that stopped for it. */
  exitCode(): number;
}

/** Milliseconds: a terminal and what stands between may both pass on the same Ctrl-C. */
const SAME_KEY = 500;

/** Ctrl-C asks the command to stop cleanly; a second one, or a third, ends it at once. */
export function onInterruption(): Interruption {
  const stop = new AbortController();
  let first = 0;
  let exitCode: number = EXIT.interrupted;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        first = performance.now();
        exitCode = 128 + constants.signals[name];
        stop.abort(new RingError("Interrupted.", exitCode));
      } else if (performance.now() - first > SAME_KEY) process.exit(exitCode);
    });
  }
  return { signal: stop.signal, exitCode: () => exitCode };
}
