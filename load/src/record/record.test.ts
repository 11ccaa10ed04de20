import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRunFolder } from "@goldenring/run-kit";
import { RUN_FILES, type RunRecord, readRun, type Series, sizeOf, writeRun } from "./record.ts";
import { judge } from "./verdict.ts";

const runs = mkdtempSync(join(tmpdir(), "goldenring-runs-"));
afterAll(() => rmSync(runs, { recursive: true }));

const NOW = new Date("2026-01-02T03:04:05.678Z");
const newFolder = () => makeRunFolder(runs, "browse-cities", NOW);

const RECORD: RunRecord = {
  format: 3,
  id: "2026-01-02T03-04-05Z-browse-cities",
  scenario: "browse-cities",
  options: {
    load: { kind: "constant", users: 5 },
    seconds: 5,
    encoding: "gzip",
    stopsAtBreach: true,
    bodyCheckShare: 0.1,
  },
  commit: "unknown",
  dirty: false,
  computer: { os: "Linux 6", cpu: "any", cores: 2, memoryMiB: 24_000 },
  k6: "1.8.1",
  before: { loadAverage: 0.1, memoryAccessNs: 90 },
  target: { url: "http://127.0.0.1:1", build: {}, cities: 9, values: 720 },
  start: NOW.toISOString(),
  end: NOW.toISOString(),
  endedBy: "objective missed",
  verdict: judge({ p95: 1, p90: 1, errors: 0, checks: undefined }),
  figures: { requests: 1, rate: 1, failed: 0, checksFailed: 0, maxUsers: 5, bytesReceived: 1, bytesSent: 1 },
  restarted: ["api-01", "api-02"],
  exit: 10,
  notes: ["a note"],
};
const SERIES: Series = { format: 1, interval: 1, rows: [] };

test("a run is read as it was written", async () => {
  const { folder } = await newFolder();
  writeRun({ folder, record: RECORD, series: SERIES });
  expect(await readRun(folder)).toEqual({ folder, record: RECORD, series: SERIES });
});

test("a run of format 2 is read in the current form: its stand had the size of 2023", async () => {
  const { folder } = await newFolder();
  writeRun({ folder, record: RECORD, series: SERIES });
  writeFileSync(join(folder, RUN_FILES.record), JSON.stringify({ ...RECORD, format: 2 }));
  const { record } = await readRun(folder);
  expect(record).toEqual(RECORD);
  expect(sizeOf(record)).toEqual({ replicas: 3, cpu: 0.25, memoryMiB: 128 });
});

test("a run of format 1 is read in the current form", async () => {
  const { folder } = await newFolder();
  const { computer: _, before: __, restarted: ___, ...same } = RECORD;
  const machine = { cores: 2, processor: "any", memoryBytes: 24_000 * 2 ** 20, kernel: "6", loadBefore: 0.1 };
  const old = {
    ...same,
    format: 1,
    machine: { ...machine, memoryAccessNs: 90 },
    endedBy: "slo",
    notes: ["a note", "started anew during the run: the service on api-01, api-02"],
  };
  writeRun({ folder, record: RECORD, series: SERIES });
  writeFileSync(join(folder, RUN_FILES.record), JSON.stringify(old));
  expect((await readRun(folder)).record).toEqual(RECORD);
});

test("a record of an unknown format is refused with the name of its file", async () => {
  const { folder } = await newFolder();
  writeFileSync(join(folder, "run.json"), '{"format":99}');
  writeFileSync(join(folder, "series.json"), JSON.stringify(SERIES));
  await expect(readRun(folder)).rejects.toThrow("run.json is not a record that this version reads");
});
