import { constants } from "node:os";
import { CommandError, EXIT } from "./exit.ts";

/** Whether and how a person or another program asked this process to end. */
export interface Interruption {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP; its reason is a `CommandError` with the exit code. */
  readonly signal: AbortSignal;
  /** 130 or 143, as a shell gives it. */
  exitCode(): number;
}

/** A terminal and the programs between may all pass on the same Ctrl-C. */
const SAME_KEYSTROKE_MS = 500;

/**
 * The first signal asks the command to stop cleanly; a later one ends the process at once.
 *
 * @param onFirst called with the name of the first signal: the place to tell the user what happens next
 */
export function onInterruption(onFirst: (signal: NodeJS.Signals) => void = () => {}): Interruption {
  const controller = new AbortController();
  let firstAt = 0;
  let exitCode: number = EXIT.interrupted;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstAt = performance.now();
        exitCode = 128 + constants.signals[name];
        onFirst(name);
        controller.abort(new CommandError("Interrupted.", exitCode));
      } else if (performance.now() - firstAt > SAME_KEYSTROKE_MS) process.exit(exitCode);
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode };
}

/** The exit code of a command that `signal` interrupted: 130, or 143 after SIGTERM. */
export function interruptedExit({ reason }: AbortSignal): number {
  return reason instanceof CommandError ? reason.exitCode : EXIT.interrupted;
}
