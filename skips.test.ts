import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasProgram, isGiven, SKIPPED_FILE_VARIABLE } from "./skips.fixture.ts";

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  environment = { ...process.env };
  folder = mkdtempSync(join(tmpdir(), "goldenring-skips-"));
  process.env[SKIPPED_FILE_VARIABLE] = join(folder, "skipped");
  delete process.env.GOLDENRING_REQUIRE;
});
afterEach(() => {
  process.env = environment;
  rmSync(folder, { recursive: true, force: true });
});

test("what is given is not noted", () => {
  expect(isGiven("a moon", true)).toBe(true);
  expect(existsSync(join(folder, "skipped"))).toBe(false);
});

test("each missing thing is noted, with what to install", () => {
  expect(isGiven("a moon", false)).toBe(false);
  process.env.PATH = folder;
  expect(hasProgram("etcd")).toBe(false);
  expect(readFileSync(join(folder, "skipped"), "utf8")).toBe("a moon\netcd (apt-get install etcd-server)\n");
});

test("where everything is required, a missing thing is an error", () => {
  process.env.GOLDENRING_REQUIRE = "all";
  expect(() => isGiven("a moon", false)).toThrow("GOLDENRING_REQUIRE=all, and here is missing: a moon");
});
