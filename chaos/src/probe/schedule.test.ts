import { expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";
import { follow } from "./clients.ts";

test("a slow act costs the slots it covers, and the next one is in its place again", async () => {
  const stop = new AbortController();
  const from = monotonicMs();
  const slots: number[] = [];
  const late: number[] = [];
  const skipped: number[] = [];
  let skippedBefore = 0;
  const act = async (slot: number): Promise<void> => {
    slots.push(slot);
    late.push(monotonicMs() - (from + slot * 100));
    if (slots.length === 2) await delay(250);
    if (slot < 6) return;
    skippedBefore = skipped.reduce((sum, count) => sum + count, 0);
    stop.abort();
  };
  await follow({ from, intervalMs: 100, act, onSkipped: (count) => void skipped.push(count) }, stop.signal);
  const [, slow = 0, next = 0] = slots;
  expect(next - slow).toBeGreaterThanOrEqual(3);
  expect(skippedBefore).toBe((slots.at(-1) ?? 0) + 1 - slots.length);
  expect(Math.min(...late)).toBeGreaterThan(-2);
});

test("it stops at once between two slots, and before the first", async () => {
  const stop = new AbortController();
  const acts: number[] = [];
  const act = async (slot: number): Promise<void> => void acts.push(slot);
  const lane = { from: monotonicMs(), intervalMs: 60_000, act, onSkipped: () => {} };
  const followed = follow(lane, stop.signal);
  await delay(50);
  stop.abort();
  await followed;
  await follow(lane, stop.signal);
  expect(acts).toEqual([0]);
});
