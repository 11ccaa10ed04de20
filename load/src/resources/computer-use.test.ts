import { expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isGiven } from "../../../skips.fixture.ts";
import { computerTicks, computerUse, processTicks } from "./computer-use.ts";
import { onRunClock } from "./resources.ts";

test("the computer's time is read without counting guests twice", () => {
  const stat = "cpu  100 20 30 800 40 5 6 7 50 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
  expect(computerTicks(stat)).toEqual({ busy: 168, all: 1008 });
});

test("a process may be called by any name", () => {
  expect(processTicks("42 (k6) run) x) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 100 1 2")).toBe(300);
});

test.skipIf(!isGiven("Linux", process.platform === "linux"))("a busy process shows as one", async () => {
  const started = Date.now();
  const use = computerUse(process.pid);
  const until = performance.now() + 400;
  while (performance.now() < until);
  await sleep(10);
  use.sample();
  const [row] = onRunClock(use.samples, started - 1);
  const own = row?.parts.find(({ name }) => name === "k6");
  expect(own?.cpuShare).toBeGreaterThan(0.02);
  expect(own?.memoryBytes).toBeGreaterThan(10_000_000);
  expect(row?.parts.find(({ name }) => name === "computer")?.cpuShare).toBeGreaterThan(0.02);
});
