import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeProvisioned, checksumOf, readProvisioned } from "./checksums.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-checksums-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the checksum of files", () => {
  const roles = () => join(folder, "roles");
  const changes: [string, () => void][] = [
    ["a file's content", () => writeFileSync(join(roles(), "a.yml"), "2")],
    ["a file's mode", () => chmodSync(join(roles(), "a.yml"), 0o755)],
    ["a file's name", () => renameSync(join(roles(), "a.yml"), join(roles(), "b.yml"))],
    ["a file more", () => writeFileSync(join(roles(), "sub/c.yml"), "")],
    ["the folder being absent", () => rmSync(roles(), { recursive: true })],
  ];
  test.each(changes)("is changed by %s", (_, change) => {
    mkdirSync(join(roles(), "sub"), { recursive: true });
    writeFileSync(join(roles(), "a.yml"), "1");
    const before = checksumOf([roles(), "/no/such/file"]);
    expect(checksumOf([roles(), "/no/such/file"])).toBe(before);
    change();
    expect(checksumOf([roles(), "/no/such/file"])).not.toBe(before);
  });
});

describe("what the machines were provisioned with", () => {
  test("are none at first", () => {
    expect(readProvisioned(folder)).toEqual({ snapshots: {} });
  });

  test("are kept", () => {
    changeProvisioned(folder, (provisioned) => ({ ...provisioned, machines: "one" }));
    changeProvisioned(folder, (provisioned) => ({ ...provisioned, snapshots: { clean: "zero" } }));
    expect(readProvisioned(folder)).toEqual({ machines: "one", snapshots: { clean: "zero" } });
  });

  test("that are damaged count as none: then the playbook runs", () => {
    writeFileSync(join(folder, "provisioned.json"), "{");
    expect(readProvisioned(folder)).toEqual({ snapshots: {} });
  });
});
