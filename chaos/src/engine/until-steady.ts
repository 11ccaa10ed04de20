import { DeadlineExceeded, type Stand, type StandRoles, steadyState, waitFor } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";

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

/** The stand is not in its steady state. */
export class NotSteady extends Error {
  override readonly name = "NotSteady";
}

/** @throws {NotSteady} with what is missing, at the deadline */
export async function untilSteady(
  stand: Stand,
  expected: Experiment["steadyState"],
  { signal, log }: { readonly signal: AbortSignal; readonly log: (text: string) => void },
): Promise<StandRoles> {
  const attempt = async () => {
    const found = await steadyState(stand, expected);
    return "roles" in found ? { value: found.roles } : found;
  };
  const deadlineMs = expected.deadlineSeconds * 1_000;
  try {
    return await waitFor(attempt, {
      deadlineMs,
      everyMs: CHECK_EVERY_MS,
      signal,
      onMissing: logWaiting(log, LOG_EVERY_MS),
    });
  } catch (error) {
    throw error instanceof DeadlineExceeded ? new NotSteady(`${error.message}.`) : error;
  }
}
