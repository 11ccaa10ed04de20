import { setTimeout as delay } from "node:timers/promises";

const PATIENCE_MS = 20_000;

/** Asks every 10 ms. Throws when the answer is still no, or the question still fails, after 20 s. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const late = performance.now() > deadline;
    try {
      if (await isSo()) return;
    } catch (error) {
      if (late) throw error;
    }
    if (late) throw new Error(`did not happen within ${PATIENCE_MS} ms: ${isSo}`);
    await delay(10);
  }
}
