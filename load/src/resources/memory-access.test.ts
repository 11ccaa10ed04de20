import { expect, test } from "bun:test";
import { memoryAccessNs } from "./computer-use.ts";

test("an access to memory takes longer than a cache next to the core, and less than a disk", () => {
  const ns = memoryAccessNs();
  expect(ns).toBeGreaterThan(2);
  expect(ns).toBeLessThan(50_000);
});
