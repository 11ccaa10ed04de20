import { DeadlineExceeded, steadyState, waitFor } from "@goldenring/stand";
import type { RunContext } from "./run-context.ts";

const CHECK_EVERY_MS = 500;
const LOG_EVERY_MS = 5_000;

/** For `onMissing` of a wait: logs what is missing, not more often than this. */
export function logWaiting(log: (text: string) => void, everyMs: number) {
  let loggedAtMs = 0;
  return (missing: string, waitedMs: number): void => {
    if (waitedMs - loggedAtMs < everyMs) return;
    loggedAtMs = waitedMs;
    log(`waiting: ${missing}`);
  };
}

export class NotSteady extends Error {
  override readonly name = "NotSteady";
}

/**
 * @param guardian what an experiment that needs one expects of it
 * @throws {NotSteady} with what is missing, at the deadline
 */
export async function untilSteady(
  context: Pick<RunContext, "stand" | "experiment" | "signal" | "log">,
  guardian: "runs" | "may act",
) {
  const { stand, experiment, signal, log } = context;
  const { cluster, guardian: isGuarded } = experiment.steadyState;
  const attempt = async () => {
    const expected = { cluster, guardian: isGuarded ? guardian : undefined };
    const found = await steadyState(stand, expected);
    return "roles" in found ? { value: found.roles } : found;
  };
  const deadlineMs = experiment.steadyState.deadlineSeconds * 1_000;
  const onMissing = logWaiting(log, LOG_EVERY_MS);
  return waitFor(attempt, { deadlineMs, everyMs: CHECK_EVERY_MS, signal, onMissing }).catch((error: unknown) => {
    throw error instanceof DeadlineExceeded ? new NotSteady(`${error.message}.`) : error;
  });
}
