import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PartName } from "../all/parts.ts";
import { judgeStep } from "../capacity/judge-step.ts";
import { figuresOf2023, SCENARIOS } from "../scenarios.ts";
import { entriesOf, type MeasuredRun } from "./results.ts";
import { writeLoadResults } from "./results-page.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "goldenring-results-"));
});

afterAll(() => rm(folder, { recursive: true }));

const page = (): Promise<string> => readFile(join(folder, "load.md"), "utf8");
const data = async (): Promise<{ scenario: string; side: string; runs: unknown[] }[]> =>
  JSON.parse(await readFile(join(folder, "load.json"), "utf8")).entries;

describe("the results", () => {
  test("hold ours, the baseline and the report's figure of a scenario, with commit, machine and command", async () => {
    const part = "baseline";
    const ours = [1, 2, 3].map((seed) => ({ side: "ours", part, run: syntheticRun({ seed }) }) as const);
    const baseline = { side: "baseline", part, run: syntheticRun({ seed: 4, saturation: 1_000 }) } as const;
    const { record, series } = syntheticRun({ seed: 5 });
    const step = judgeStep({ ...record, endedBy: "duration" }, series, 3_000, { warmUpSeconds: 10, holdSeconds: 100 });
    const steps = [
      { ...step, held: true },
      { ...step, users: 3_090, held: false },
    ];
    await writeLoadResults(
      {
        runs: [...ours, baseline],
        capacities: [{ side: "ours", record, capacity: { held: 3_000, broke: 3_090, ended: "found", steps } }],
        command: "./ring load all --write",
      },
      folder,
    );
    const text = await page();
    const [row = ""] = text.split("\n").filter((line) => line.startsWith("| browse-cities | 9 cities"));
    expect(row).toContain("1,200 users, 1,170/s, 103 ms mean");
    expect(row).toContain("capacity 3,000 users (not 3,090)");
    expect(row).toContain("1,200 users held");
    expect(row).toMatch(/= \d\.\d+ times \|$/);
    for (const fact of ["commit 0123abc", "2 cores (Test CPU), 24 GB", "    ./ring load all --write"])
      expect(text).toContain(fact);
    expect((await data()).map(({ scenario, side, runs }) => [scenario, side, runs.length])).toEqual([
      ["browse-cities", "baseline", 1],
      ["browse-cities", "ours", 3],
    ]);
  });

  test("keep what they have of other scenarios, in the scenarios' order, and replace what is measured again", async () => {
    const run = { side: "ours", run: syntheticRun({ scenario: "heavy-query", values: 120_896 }) } as const;
    await writeLoadResults({ runs: [run], capacities: [], command: "./ring load heavy-query" }, folder);
    const again = { side: "ours", part: "baseline", run: syntheticRun({ seed: 8 }) } as const;
    await writeLoadResults({ runs: [again], capacities: [], command: "./ring load browse-cities" }, folder);
    expect((await data()).map(({ scenario, side, runs }) => [scenario, side, runs.length])).toEqual([
      ["browse-cities", "baseline", 1],
      ["browse-cities", "ours", 1],
      ["heavy-query", "ours", 1],
    ]);
    expect(await page()).toContain("| heavy-query | 9 cities, 120,896 values | gzip | misses at once | not measured |");
  });

  test("of one part take the place of that part's and leave the other parts and the capacity", async () => {
    const place = await mkdtemp(join(tmpdir(), "goldenring-results-"));
    const measured = (part: PartName, seed: number) => ({ side: "ours", part, run: syntheticRun({ seed }) }) as const;
    const write = (...runs: MeasuredRun[]) => writeLoadResults({ runs, capacities: [], command: "all" }, place);
    await write(measured("steady", 1), measured("ramp", 2));
    const [entry] = await write(measured("steady", 3));
    expect(entry?.runs.map(({ part, run }) => [part, run])).toEqual([
      ["ramp", "run-2"],
      ["steady", "run-3"],
    ]);
    await rm(place, { recursive: true });
  });

  test("without the warm-up are those of the rest; failures and objectives stay those of the whole run", () => {
    const run = syntheticRun({ errorShare: 0.1 });
    const [whole, rest] = [0, 60].map(
      (warmUpSeconds) =>
        entriesOf({ runs: [{ side: "ours", part: "steady", run, warmUpSeconds }], capacities: [], command: "" })[0]
          ?.runs[0],
    );
    expect(rest?.requestsPerSecond).toBeGreaterThan(whole?.requestsPerSecond ?? 0);
    expect(rest?.p95Ms).toBeGreaterThan(whole?.p95Ms ?? 0);
    expect(rest?.failed).toBe(whole?.failed ?? -1);
    expect(rest?.held).toBe(whole?.held ?? true);
  });

  test("that cannot be read are refused and left as they are", async () => {
    const file = join(folder, "load.json");
    for (const content of ["{", '[{"scenario": 1}]']) {
      await writeFile(file, content);
      const written = writeLoadResults({ runs: [], capacities: [], command: "" }, folder);
      await expect(written).rejects.toThrow("is not a results file that this version reads");
      expect(await readFile(file, "utf8")).toBe(content);
    }
  });

  test("of the repository are read as they are, and their page is made of them", async () => {
    const place = await mkdtemp(join(tmpdir(), "goldenring-results-"));
    const results = fileURLToPath(new URL("../../../docs/results", import.meta.url));
    await copyFile(join(results, "load.json"), join(place, "load.json"));
    await writeLoadResults({ runs: [], capacities: [], command: "" }, place);
    for (const file of ["load.json", "load.md"])
      expect(await readFile(join(place, file), "utf8")).toBe(await readFile(join(results, file), "utf8"));
    await rm(place, { recursive: true });
  });

  test("have the 2023 baseline's figure for every scenario of it", () => {
    const untried = SCENARIOS.filter((scenario) => figuresOf2023(scenario, "base") === undefined);
    expect(untried.map(({ name }) => name)).toEqual(["chaos-background"]);
  });
});
