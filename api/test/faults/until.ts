import { setTimeout as delay } from "node:timers/promises";

const DEADLINE_MS = 20_000;

/** Checks every 10 ms. Throws if the condition is still false, or still fails, after 20 s. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const late = performance.now() > deadline;
    try {
      if (await isTrue()) return;
    } catch (error) {
      if (late) throw error;
    }
    if (late) throw new Error(`not true within ${DEADLINE_MS} ms: ${isTrue}`);
    await delay(10);
  }
}
