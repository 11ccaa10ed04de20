import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLogins } from "./logins.ts";

let secretsFolder: string;
beforeEach(() => {
  secretsFolder = mkdtempSync(join(tmpdir(), "goldenring-logins-"));
});
afterEach(() => rmSync(secretsFolder, { recursive: true }));

test("logins are read by name", async () => {
  const logins = { haproxy: { user: "admin", password: "x" } };
  writeFileSync(join(secretsFolder, "logins.json"), JSON.stringify(logins));
  expect(await readLogins({ secretsFolder })).toEqual(logins);
});

test("a stand without logins is said to have had no playbook run", async () => {
  await expect(readLogins({ secretsFolder })).rejects.toThrow("the playbook has not been run");
});

test("a damaged file is named", async () => {
  writeFileSync(join(secretsFolder, "logins.json"), `{"haproxy": {"user": "admin"}}`);
  await expect(readLogins({ secretsFolder })).rejects.toThrow("logins.json is damaged");
});
