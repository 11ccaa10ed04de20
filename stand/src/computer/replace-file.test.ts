import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replaceFile } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-replace-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a file is replaced as a whole, with its mode", () => {
  const file = join(folder, "file");
  replaceFile(file, "old");
  replaceFile(file, "new", { mode: 0o600, durable: true });
  expect(readFileSync(file, "utf8")).toBe("new");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a file that cannot be replaced stays as it is, and no draft stays behind", () => {
  const target = join(folder, "is-a-folder");
  mkdirSync(join(target, "child"), { recursive: true });
  expect(() => replaceFile(target, "text")).toThrow();
  expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
});
