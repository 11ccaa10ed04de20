import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenFault, openFaults } from "./open-fault.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-open-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fault = (id: string, writtenAt: string): OpenFault => ({
  version: 1,
  id,
  run: "r",
  kind: "power-off",
  machine: "pg-01",
  slot: "power",
  words: "loses its power",
  writtenAt,
  undo: { by: "lab", call: { do: "power-on" } },
});

test("what is written is listed, oldest first, until it is removed; a folder that is not there has none", () => {
  const open = openFaults(folder);
  expect(openFaults(folder).list()).toEqual([]);
  const [first, second] = [fault("b", "2026-01-01T00:00:00.000Z"), fault("a", "2026-01-01T00:00:01.000Z")];
  open.write(second);
  open.write(first);
  expect(open.list()).toEqual([first, second]);
  open.remove("b");
  open.remove("b");
  expect(openFaults(folder).list()).toEqual([second]);
});

test("a file that is not understood is never taken for nothing", () => {
  writeFileSync(join(folder, "chaos", "open", "c.json"), "{}");
  expect(() => openFaults(folder).list()).toThrow("undo the fault by hand");
});
