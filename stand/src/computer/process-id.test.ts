import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { isGiven } from "../../../skips.fixture.ts";
import { isAlive, parseStartTicks, processIdOf, sendSignal } from "./process-id.ts";

const stat = (name: string, state: string): string =>
  `42 (${name}) ${state} 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 10 11 12`;

test("the start is found behind any name of a program", () => {
  for (const name of ["sh", "a b", "x) R 1 (y"]) expect(parseStartTicks(stat(name, "S"))).toBe("987654");
});

test("a zombie is not alive", () => {
  expect(parseStartTicks(stat("sh", "Z"))).toBeUndefined();
});

test.skipIf(!isGiven("Linux", process.platform === "linux"))("a process is alive until it ends", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const id = processIdOf(child.pid ?? 0);
  if (!id) throw new Error("it has just been started");
  expect(isAlive(id)).toBe(true);
  expect(sendSignal(id, "SIGKILL")).toBe(true);
  await once(child, "exit");
  expect(isAlive(id)).toBe(false);
  expect(sendSignal(id, "SIGKILL")).toBe(false);
});

test.skipIf(!isGiven("Linux", process.platform === "linux"))(
  "neither another start nor another boot is the same process",
  () => {
    const own = processIdOf(process.pid);
    if (!own) throw new Error("this process is alive");
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, startTicks: `${own.startTicks}1` })).toBe(false);
    expect(isAlive({ ...own, bootId: "of another boot" })).toBe(false);
  },
);

test("a process that does not exist has no identity", () => {
  expect(processIdOf(2 ** 30)).toBeUndefined();
});
