import { median } from "@goldenring/run-kit";

/** 64 MiB: more than a core has of caches that it shares with nobody. */
const WORDS = 2 ** 24;
const STEPS = 100_000;
const ROUNDS = 5;

/**
 * The time that one access to memory takes at this moment, in ns, where the address is known only from the word before: the median of five rounds,
 * 0.3 s in all. Neighbours of a virtual machine make it two and three times as long, and with it whatever wakes up often and briefly; no share of
 * CPU shows why.
 */
export function memoryAccessNs(): number {
  // Of pages that nobody has written there is only one.
  const words = new Int32Array(WORDS).fill(1);
  let place = 0;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    // Leads through all words before it comes back (Hull and Dobell; the figures are those of Numerical Recipes), and never to a near one.
    for (let step = 0; step < STEPS; step += 1)
      place = (Math.imul(place, 1_664_525) + 1_013_904_222 + (words[place] ?? 0)) & (WORDS - 1);
    return ((performance.now() - started) / STEPS) * 1e6;
  });
  return median(rounds);
}
