import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syntheticRun } from "../report/synthetic-run.fixture.ts";
import { ExperimentRun, RUN_FILES, readRun } from "./record.ts";

const runs = mkdtempSync(join(tmpdir(), "goldenring-records-"));
afterAll(() => rmSync(runs, { recursive: true }));

const run = syntheticRun({ seed: 1, rounds: 2 });

function store(id: string, record: unknown): void {
  mkdirSync(join(runs, id));
  writeFileSync(join(runs, id, RUN_FILES.record), JSON.stringify(record));
}

test("a record of version 1 is read with the verdicts of today, and is otherwise the same", async () => {
  const text = JSON.stringify({ ...run, version: 1 }).replaceAll('"verdict":"measured"', '"verdict":"stated"');
  expect(text.split('"stated"')).toHaveLength(4);
  store("old", JSON.parse(text));
  expect(await readRun(join(runs, "old"))).toEqual(run);
});

test("a record of today is read as it was written; one of an unknown version or verdict is refused", async () => {
  expect(ExperimentRun.parse(JSON.parse(JSON.stringify(run)))).toEqual(run);
  store("later", { ...run, version: 3 });
  await expect(readRun(join(runs, "later"))).rejects.toThrow("is not a record that this version reads");
  store("strange", { ...run, expectations: run.expectations.map((each) => ({ ...each, verdict: "stated" })) });
  await expect(readRun(join(runs, "strange"))).rejects.toThrow("is not a record that this version reads");
});
