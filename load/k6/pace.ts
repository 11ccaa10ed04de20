import { sleep } from "k6";
import { PACE_SECONDS } from "./plan.ts";

let earliest = 0;

/** Waits until this user may send again: `seconds` after its last request began. */
export function atPace(seconds: number = PACE_SECONDS): void {
  const now = Date.now();
  // Users that start together would go on in step for the whole run.
  if (earliest === 0) earliest = now + Math.random() * seconds * 1000;
  const wait = earliest - now;
  if (wait > 0) sleep(wait / 1000);
  earliest = Math.max(now, earliest) + seconds * 1000;
}
