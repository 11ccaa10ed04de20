import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOrThrow } from "@goldenring/stand";
import { tar } from "./tar.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-tar-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LONG = `${"folder-with-a-name/".repeat(8)}${"n".repeat(90)}`;

test("an archive has the same bytes whatever the order of its entries, and tar reads it", async () => {
  const entries = [
    { path: "usr/bin/run", content: "#!/bin/sh\n", isExecutable: true },
    { path: "usr/share/odd", content: new Uint8Array(512).fill(7) },
    { path: LONG, content: "long" },
    { path: "bin", link: "usr/bin" },
    { path: "tmp", folder: true, mode: 0o1777 },
  ] as const;
  const archive = tar(entries);
  expect(Buffer.compare(archive, tar(entries.toReversed()))).toBe(0);
  writeFileSync(join(folder, "a.tar"), archive);
  const options = { deadlineMs: 10_000, folder };
  const list = await runOrThrow(["tar", "--numeric-owner", "--utc", "-tvf", "a.tar"], options);
  for (const line of list.trim().split("\n")) expect(line).toMatch(/ 0\/0 .* 1970-01-01 00:00 /);
  await runOrThrow(["tar", "--no-same-owner", "-xpf", "a.tar"], options);
  expect(lstatSync(join(folder, "usr/bin/run")).mode & 0o777).toBe(0o755);
  expect(lstatSync(join(folder, "tmp")).mode & 0o7777).toBe(0o1777);
  expect(readlinkSync(join(folder, "bin"))).toBe("usr/bin");
  expect(readFileSync(join(folder, "usr/share/odd")).equals(Buffer.alloc(512, 7))).toBe(true);
  expect(readFileSync(join(folder, LONG), "utf8")).toBe("long");
});

test("a path that no header can hold is refused", () => {
  expect(() => tar([{ path: "n".repeat(101), content: "" }])).toThrow("too long for an archive");
});
