import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootId } from "@goldenring/stand";
import { readPidFile } from "./power.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-pid-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a pid file that is missing is none", async () => {
  expect(await readPidFile(join(folder, "missing"))).toBeUndefined();
});

test.each([
  ["that is half written", "42 98", undefined],
  ["with a boot", "42 987 1b-2c\n", { pid: 42, startTicks: "987", bootId: "1b-2c" }],
  ["without a boot is of this one", "42 987\n", { pid: 42, startTicks: "987", bootId: bootId() }],
])("a pid file %s", async (_, text, id) => {
  const file = join(folder, "pid");
  writeFileSync(file, text);
  expect(await readPidFile(file)).toEqual(id);
});
