import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, readRunFile } from "@goldenring/run-kit";
import { type ApiSize, SIZE_OF_2023 } from "../record/record.ts";
import { chartsOfSizes, SizesFile } from "../report/sizes-page.ts";
import { syntheticRun } from "../report/synthetic-run.fixture.ts";
import type { LoadDeps } from "./deps.ts";
import { measureSizes, sizesAround } from "./sizes.ts";

const runs = mkdtempSync(join(tmpdir(), "goldenring-sizes-"));
afterAll(() => rmSync(runs, { recursive: true }));

const FIVE: ApiSize = { ...SIZE_OF_2023, replicas: 5 };
const LARGE: ApiSize = { ...SIZE_OF_2023, memoryMiB: 256 };
const OPTIONS = { replicas: [3, 5], memory: [256] };

/** A stand that holds 400 users for each replica. @param onSearch what happens during a search */
function standOf(onSearch: (size: ApiSize, stop: () => void) => void = () => {}) {
  const stop = new AbortController();
  const sizes: ApiSize[] = [];
  const results: string[] = [];
  const resize = async (size: ApiSize, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    sizes.push(size);
  };
  const deps: LoadDeps = {
    signal: stop.signal,
    outcome: { exitCode: 0 },
    output: { log: () => {}, live: () => {}, result: (text) => results.push(text) },
    runs,
    stand: async () => ({ target: "http://127.0.0.1", hosts: [], size: SIZE_OF_2023, resize }),
  };
  const { record } = syntheticRun();
  const search: Parameters<typeof measureSizes>[2] = async ({ scenario, size }) => {
    onSearch(size, () => stop.abort());
    const ended = stop.signal.aborted ? "interrupted" : "found";
    const capacity = { held: size.replicas * 400, broke: size.replicas * 440, ended, steps: 9, saturated: "none" };
    return { scenario, size, folder: "searches/one", capacity, record };
  };
  const measure = (options: Parameters<typeof measureSizes>[0]) => measureSizes(options, deps, search);
  return { sizes, measure, folder: () => /files: (.*)/.exec(results.at(-1) ?? "")?.[1] ?? "" };
}

test("each size is one number away from the stand's own, which comes first", () => {
  expect(sizesAround(SIZE_OF_2023, OPTIONS)).toEqual([SIZE_OF_2023, FIVE, LARGE]);
  expect(sizesAround(LARGE, {}).map(({ memoryMiB }) => memoryMiB)).toEqual([256, 256, 256, 256, 128]);
});

test("every size is measured, drawn over the number that differs, and the stand has its own again", async () => {
  const { sizes, measure, folder } = standOf();
  expect(await measure(OPTIONS)).toBe(EXIT.ok);
  expect(sizes).toEqual([SIZE_OF_2023, FIVE, LARGE, SIZE_OF_2023]);
  const file = await readRunFile(folder(), "sizes.json", SizesFile);
  expect(chartsOfSizes(file).map(({ x, xs, lines }) => [x.unit, xs, lines[0]?.values])).toEqual([
    ["replicas", [3, 5], [1_200, 2_000]],
    ["MiB", [128, 256], [1_200, 1_200]],
  ]);
  expect(readFileSync(join(folder(), "report.html"), "utf8")).toContain("5 replicas of 0.25 CPU and 128 MiB");
});

test("after Ctrl-C the stand has its own size again, and the rest is measured later", async () => {
  const first = standOf((size, stop) => {
    if (size.replicas === 5) stop();
  });
  expect(await first.measure(OPTIONS)).toBe(EXIT.interrupted);
  expect(first.sizes).toEqual([SIZE_OF_2023, FIVE, SIZE_OF_2023]);
  const second = standOf();
  expect(await second.measure({ resume: first.folder() })).toBe(EXIT.ok);
  expect(second.sizes).toEqual([FIVE, LARGE, SIZE_OF_2023]);
  const { measured } = await readRunFile(first.folder(), "sizes.json", SizesFile);
  expect(measured.map(({ size, capacity }) => [size, capacity.ended])).toEqual([
    [SIZE_OF_2023, "found"],
    [FIVE, "found"],
    [LARGE, "found"],
  ]);
});

test("a search that fails gives the stand its own size back, and keeps those before it", async () => {
  const { sizes, measure } = standOf((size) => {
    if (size.memoryMiB === 256) throw new Error("no k6");
  });
  await expect(measure(OPTIONS)).rejects.toThrow("no k6");
  expect(sizes).toEqual([SIZE_OF_2023, FIVE, LARGE, SIZE_OF_2023]);
});
