import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRecord, Series } from "./record.ts";
import { listRuns, makeRunFolder, readRun, writeRun } from "./run-folder.ts";
import { judge } from "./verdict.ts";

const runs = mkdtempSync(join(tmpdir(), "goldenring-runs-"));
afterAll(() => rmSync(runs, { recursive: true }));

const NOW = new Date("2026-01-02T03:04:05.678Z");

test("a run can be read again as it was written; one without a record is not listed", async () => {
  const { id, folder } = await makeRunFolder(runs, "browse-cities", NOW);
  expect(id).toBe("2026-01-02T03-04-05Z-browse-cities");
  expect(await listRuns(runs)).toEqual([]);
  const record: RunRecord = {
    format: 1,
    id,
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
    k6: "1.8.1",
    machine: { cores: 2, processor: "any", memoryBytes: 1, kernel: "6", loadBefore: 0.1 },
    target: { url: "http://127.0.0.1:1", build: {}, cities: 9, values: 720 },
    start: NOW.toISOString(),
    end: NOW.toISOString(),
    endedBy: "duration",
    verdict: judge({ p95: 1, p90: 1, errors: 0, checks: undefined }),
    figures: { requests: 1, rate: 1, failed: 0, checksFailed: 0, maxUsers: 5, bytesReceived: 1, bytesSent: 1 },
    exit: 10,
    notes: [],
  };
  const series: Series = { format: 1, interval: 1, rows: [] };
  await writeRun(folder, record, series);
  expect(await readRun(folder)).toEqual({ record, series });
  expect(await listRuns(runs)).toEqual([id]);
});

test("two runs of the same second have folders of their own", async () => {
  const [one, other] = [await makeRunFolder(runs, "heavy-query", NOW), await makeRunFolder(runs, "heavy-query", NOW)];
  expect([one.id, other.id]).toEqual(["2026-01-02T03-04-05Z-heavy-query", "2026-01-02T03-04-05Z-heavy-query-2"]);
});

test("a record of another format is refused with the file's name", async () => {
  const { folder } = await makeRunFolder(runs, "browse-weather", NOW);
  writeFileSync(join(folder, "run.json"), '{"format":99}');
  await expect(readRun(folder)).rejects.toThrow("run.json is not what this version reads");
});
