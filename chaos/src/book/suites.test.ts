import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { EXPERIMENTS, SUITES, type Suite } from "./registry.ts";

const ids = EXPERIMENTS.map(({ id }) => id);

test("a suite has experiments of the book, each once", () => {
  for (const [name, { experiments }] of Object.entries<Suite>(SUITES)) {
    expect([name, experiments.filter((id) => !ids.includes(id))]).toEqual([name, []]);
    expect([name, new Set(experiments).size]).toEqual([name, experiments.length]);
  }
});

test("docs/chaos.md has a row for every suite", () => {
  const page = readFileSync(new URL("../../../docs/chaos.md", import.meta.url), "utf8");
  expect(Object.keys(SUITES).filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([]);
});

test("the suite all is every experiment", () => {
  expect(SUITES.all.experiments).toEqual(ids);
});

test("every experiment is in a suite that has a results page", () => {
  const onPages = Object.values<Suite>(SUITES).flatMap(({ page, experiments }) =>
    page === undefined ? [] : experiments,
  );
  expect(ids.filter((id) => !onPages.includes(id))).toEqual([]);
});

test("failovers keep their targets, the median and the worst of all rounds", () => {
  const withTargets = EXPERIMENTS.flatMap(({ id, expectations }) => {
    const found = expectations.find(({ metric, during }) => metric === "longestWrite" && during === undefined);
    const { medianLimit, limit, worstLimit = limit } = found ?? {};
    return medianLimit === undefined && found?.worstLimit === undefined ? [] : [[id, medianLimit, worstLimit]];
  });
  expect(withTargets).toEqual([
    ["CE-01", 1_000, 1_500],
    ["CE-06-fenced", 2_000, 2_800],
    ["CE-07", 6_000, 8_000],
    ["CE-08", 800, 1_200],
    ["CE-11", undefined, 8_000],
    ["CE-12", 800, 1_300],
    ["CE-13", 4_000, 6_000],
    ["CE-17", 6_000, 8_000],
    ["CE-18", 6_000, 8_000],
    ["CE-19", 6_000, 8_000],
    ["CE-20-both-80", 6_000, 8_000],
    ["CE-20-out-60", 8_000, 10_000],
    ["CE-20-out-80", 8_000, 10_000],
    ["CE-23", 2_000, 3_000],
    ["CE-24", 2_000, 3_000],
    ["CE-25", 2_000, 3_000],
    ["CE-26", 2_000, 3_000],
  ]);
});

test("the suite stand keeps the targets of availability: nothing fails, and writes are as fast as they were", () => {
  const slowestWrites = SUITES.stand.experiments.map((id) => {
    const { expectations = [] } = EXPERIMENTS.find((each) => each.id === id) ?? {};
    const limit = (metric: string) =>
      expectations.find((each) => each.metric === metric && each.limit !== undefined)?.limit;
    expect([id, limit("failedReads"), limit("failedWrites")]).toEqual([id, 0, 0]);
    return [id, limit("longestWrite"), limit("primaryMoved")];
  });
  const withTargets = slowestWrites.filter(([, write, moved]) => write !== undefined || moved !== undefined);
  expect(withTargets, "add the id, the slowest write in ms and primaryMoved of a new experiment to this list").toEqual([
    ["CE-01", 5_000, undefined],
    ["CE-12", 4_000, undefined],
    ["CE-06-fenced", 4_000, undefined],
    ["CE-06", 25_000, undefined],
    ["CE-08", 2_500, 0],
    ["CE-08-alone", 8_000, 0],
    ["CE-09", undefined, 0],
    ["CE-10", undefined, 0],
    ["CE-05", 2_000, 0],
    ["CE-05-kill", 2_000, 0],
    ["CE-05-cut", 2_000, 0],
    ["CE-07", 8_000, undefined],
    ["CE-17", 8_000, undefined],
    ["CE-18", 8_000, undefined],
    ["CE-19", 8_000, undefined],
    ["CE-20-out-60", 10_000, undefined],
    ["CE-20-out-80", 10_000, undefined],
    ["CE-20-both-80", 8_000, undefined],
    ["CE-23", 3_000, 0],
    ["CE-24", 3_000, 0],
    ["CE-25", 3_000, 0],
    ["CE-26", 3_000, 0],
    ["CE-27", undefined, 0],
    ["CE-28", undefined, 0],
  ]);
});
