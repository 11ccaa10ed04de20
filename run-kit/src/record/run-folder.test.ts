import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { listRuns, makeRunFolder, writeRunFile } from "./run-folder.ts";

const runs = mkdtempSync(join(tmpdir(), "goldenring-runs-"));
afterAll(() => rmSync(runs, { recursive: true }));

const NOW = new Date("2026-01-02T03:04:05.678Z");

test("a run is named by its time and what it ran, and listed when its record is there", async () => {
  const { id, folder } = await makeRunFolder(runs, "browse-cities", NOW);
  expect(id).toBe("2026-01-02T03-04-05Z-browse-cities");
  expect(await listRuns(runs, "run.json")).toEqual([]);
  writeRunFile(folder, "run.json", {});
  expect(await listRuns(runs, "run.json")).toEqual([id]);
});

test("two runs of the same second have different folders", async () => {
  const [one, other] = [await makeRunFolder(runs, "heavy-query", NOW), await makeRunFolder(runs, "heavy-query", NOW)];
  expect([one.id, other.id]).toEqual(["2026-01-02T03-04-05Z-heavy-query", "2026-01-02T03-04-05Z-heavy-query-2"]);
});

test("the folder is absolute also when that of all runs is not: programs write to it from elsewhere", async () => {
  const { id, folder } = await makeRunFolder(relative(process.cwd(), runs), "relative", NOW);
  expect(folder).toBe(join(runs, id));
});
