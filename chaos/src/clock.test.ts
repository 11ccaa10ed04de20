import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { monotonicMs } from "./clock.ts";

const CLOCK = fileURLToPath(new URL("./clock.ts", import.meta.url));

test("another process reads the same clock", () => {
  const program = `const { monotonicMs } = await import(${JSON.stringify(CLOCK)}); console.log(monotonicMs())`;
  const before = monotonicMs();
  const there = Number(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }));
  const after = monotonicMs();
  // Two calibrations, each off by less than a tick of 10 ms in the worst case.
  expect(there).toBeGreaterThan(before - 20);
  expect(there).toBeLessThan(after + 20);
});
