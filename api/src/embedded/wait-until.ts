import { setTimeout as delay } from "node:timers/promises";

/** Asks every 20 ms; false when the answer was still no after `milliseconds`. */
export async function waitUntil(isSo: () => boolean, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (!isSo()) {
    if (performance.now() >= deadline) return false;
    await delay(20);
  }
  return true;
}
