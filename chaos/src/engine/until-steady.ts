import { setTimeout as delay } from "node:timers/promises";
import { type Stand, type StandRoles, steadiness } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";

/** Between two looks, ms. */
const EVERY_MS = 500;
/** What is missing is said that often, ms. */
const SAY_EVERY_MS = 5_000;

/** The stand is not as it should be. */
export class NotSteady extends Error {
  override readonly name = "NotSteady";
}

/** @throws {NotSteady} with what is missing, at the deadline */
export async function untilSteady(
  stand: Stand,
  wanted: Experiment["steadyState"],
  { signal, log }: { readonly signal: AbortSignal; readonly log: (text: string) => void },
): Promise<StandRoles> {
  const begin = performance.now();
  let saidAt = begin;
  for (;;) {
    signal.throwIfAborted();
    const found = await steadiness(stand, wanted);
    if ("roles" in found) return found.roles;
    const now = performance.now();
    if (now - begin > wanted.deadlineSeconds * 1_000)
      throw new NotSteady(`After ${wanted.deadlineSeconds} s still: ${found.missing}.`);
    if (now - saidAt > SAY_EVERY_MS) {
      saidAt = now;
      log(`waiting: ${found.missing}`);
    }
    await delay(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
