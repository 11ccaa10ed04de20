import { constants } from "node:os";
import { CommandError, EXIT } from "./exit.ts";

/** A terminal and the programs between may all pass on the same Ctrl-C. */
const SAME_KEYSTROKE_MS = 500;

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts what is returned, so that the command stops cleanly (`interruptedExit` has its exit code); a later one ends
 * the process at once. @param onFirst tells the user what happens next
 */
export function onInterruption(onFirst: (signal: NodeJS.Signals) => void = () => {}): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstAt = performance.now();
        onFirst(name);
        controller.abort(new CommandError("Interrupted.", 128 + constants.signals[name]));
      } else if (performance.now() - firstAt > SAME_KEYSTROKE_MS) process.exit(interruptedExit(controller.signal));
    });
  }
  return controller.signal;
}

/** The exit code of a command that `signal` interrupted: 130, or 143 after SIGTERM. */
export function interruptedExit({ reason }: AbortSignal): number {
  return reason instanceof CommandError ? reason.exitCode : EXIT.interrupted;
}
