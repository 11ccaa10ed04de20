import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeStamps, readStamps, stampOf } from "./stamps.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-stamps-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a stamp of files", () => {
  const roles = () => join(folder, "roles");
  const changes: [string, () => void][] = [
    ["a file's content", () => writeFileSync(join(roles(), "a.yml"), "2")],
    ["a file's mode", () => chmodSync(join(roles(), "a.yml"), 0o755)],
    ["a file's name", () => renameSync(join(roles(), "a.yml"), join(roles(), "b.yml"))],
    ["a file more", () => writeFileSync(join(roles(), "sub/c.yml"), "")],
    ["the folder being away", () => rmSync(roles(), { recursive: true })],
  ];
  test.each(changes)("is changed by %s", (_, change) => {
    mkdirSync(join(roles(), "sub"), { recursive: true });
    writeFileSync(join(roles(), "a.yml"), "1");
    const before = stampOf([roles(), "/no/such/file"]);
    expect(stampOf([roles(), "/no/such/file"])).toBe(before);
    change();
    expect(stampOf([roles(), "/no/such/file"])).not.toBe(before);
  });
});

describe("stamps", () => {
  test("are none at first", () => {
    expect(readStamps(folder)).toEqual({ snapshots: {} });
  });

  test("are kept", () => {
    changeStamps(folder, (stamps) => ({ ...stamps, machines: "one" }));
    changeStamps(folder, (stamps) => ({ ...stamps, snapshots: { clean: "zero" } }));
    expect(readStamps(folder)).toEqual({ machines: "one", snapshots: { clean: "zero" } });
  });

  test("that are damaged count as none: then the playbook runs", () => {
    writeFileSync(join(folder, "playbook-stamps.json"), "{");
    expect(readStamps(folder)).toEqual({ snapshots: {} });
  });
});
