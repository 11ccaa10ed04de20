import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGiven } from "../../../skips.fixture.ts";
import { isAlive, parseStat, readPidFile, startOf, waitUntil } from "./processes.ts";

const stat = (name: string, state: string): string =>
  `42 (${name}) ${state} 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 10 11 12`;

test("the time of the start is found behind any name", () => {
  for (const name of ["sh", "a b", "x) R 1 (y"]) expect(parseStat(stat(name, "S"))).toBe("987654");
});

test("a zombie runs no more", () => {
  expect(parseStat(stat("sh", "Z"))).toBeUndefined();
});

const isLinux = isGiven("Linux", process.platform === "linux");

test.skipIf(!isLinux)("a process is alive until it ends, and another one with its number is not it", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  const startedAt = (await startOf(pid)) ?? "";
  expect(await isAlive({ pid, startedAt })).toBe(true);
  expect(await isAlive({ pid, startedAt: `${startedAt}1` })).toBe(false);
  child.kill("SIGKILL");
  expect(await waitUntil(async () => !(await isAlive({ pid, startedAt })), 5_000)).toBe(true);
});

test("a pid file that is missing or half written is none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pid-file-"));
  try {
    const file = join(folder, "pid");
    expect(await readPidFile(file)).toBeUndefined();
    await writeFile(file, "42 98");
    expect(await readPidFile(file)).toBeUndefined();
    await writeFile(file, "42 987\n");
    expect(await readPidFile(file)).toEqual({ pid: 42, startedAt: "987" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
