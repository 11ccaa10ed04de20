import { readFileSync } from "node:fs";
import { platform } from "node:os";

/** More than two ticks of /proc/uptime, ms. */
const CALIBRATION_MS = 25;

/** Added to performance.now(), which every process starts at 0. */
const offsetMs = platform() === "linux" ? sinceBoot() : performance.timeOrigin;

/**
 * Milliseconds on one steady clock that all processes of this computer share, so that the times of the probe, the role
 * sampler and the engine can be compared. Linux: since boot, no step of the wall clock moves it; processes agree to
 * about 0.1 ms, and it shows microseconds. Elsewhere: the wall clock at the process's start, carried on steadily.
 */
export function monotonicMs(): number {
  return Math.round((offsetMs + performance.now()) * 1000) / 1000;
}

/** /proc/uptime shows hundredths of a second, cut off: in the moment when it advances, it is exact. */
function sinceBoot(): number {
  const first = uptimeMs();
  const giveUpAt = performance.now() + CALIBRATION_MS;
  let shown = first;
  while (shown === first && performance.now() < giveUpAt) shown = uptimeMs();
  return shown - performance.now();
}

function uptimeMs(): number {
  return Number.parseFloat(readFileSync("/proc/uptime", "latin1")) * 1000;
}
