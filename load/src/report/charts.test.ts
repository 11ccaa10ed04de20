import { describe, expect, test } from "bun:test";
import { chartsOfRun, chartsOfRuns } from "./charts.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";

describe("the charts of a run", () => {
  test("have a value or a gap for each moment", () => {
    for (const { xs, lines } of chartsOfRun(syntheticRun())) {
      expect(xs).toEqual(xs.toSorted((one, other) => one - other));
      for (const { values } of lines) expect(values).toHaveLength(xs.length);
    }
  });

  test("are load, latency with its objectives, errors, routes, CPU and memory", () => {
    const charts = chartsOfRun(syntheticRun());
    expect(charts.map(({ id }) => id)).toEqual(["load", "latency", "errors", "routes", "cpu", "memory"]);
    const latency = charts.find(({ id }) => id === "latency");
    expect(latency?.lines.map(({ name }) => name)).toEqual(["P50", "P90", "P95", "P99"]);
    expect(latency?.limits.map(({ value }) => value)).toEqual([300, 600]);
  });

  test("show every part in every second, although the stand and the computer are measured at different moments", () => {
    const cpu = chartsOfRun(syntheticRun()).find(({ id }) => id === "cpu");
    const names = ["api-01", "api-02", "api-03", "pg-01", "ingress", "k6", "computer"];
    expect(cpu?.lines.map(({ name }) => name)).toEqual(names);
    for (const { values } of cpu?.lines ?? []) expect(values).not.toContain(null);
  });

  test("leave out what was not measured", () => {
    const charts = chartsOfRun(syntheticRun({ noParts: true }));
    expect(charts.map(({ id }) => id)).toEqual(["load", "latency", "errors", "routes"]);
    const empty = syntheticRun({ seconds: 1, noParts: true });
    expect(chartsOfRun({ ...empty, series: { ...empty.series, rows: [] } })).toEqual([]);
  });
});

describe("the charts of several runs", () => {
  const runs = [
    { name: "A", set: 0, run: syntheticRun({ seed: 1, seconds: 60 }) },
    { name: "B", set: 1, run: syntheticRun({ seed: 2, seconds: 90, noParts: true }) },
  ];

  test("have a line for each run over the longest of them, with gaps where a run was over", () => {
    const users = chartsOfRuns(runs).find(({ id }) => id === "users");
    expect(users?.xs).toHaveLength(90);
    expect(users?.lines.map(({ name }) => name)).toEqual(["A", "B"]);
    expect(users?.lines[0]?.values.slice(60)).toEqual(new Array(30).fill(null));
    expect(users?.lines[1]?.values).not.toContain(null);
  });

  test("fit ramps of different speed over each other by their users", () => {
    const byUsers = chartsOfRuns(runs).find(({ id }) => id === "p95-by-users");
    expect(byUsers?.x.unit).toBe("users");
    expect(byUsers?.xs.at(-1)).toBe(1_200);
    for (const { values } of byUsers?.lines ?? []) expect(values.at(-1)).toBeGreaterThan(values[5] ?? 0);
  });

  test("leave out the line of a run in which a part was not measured", () => {
    const cpu = chartsOfRuns(runs).find(({ id }) => id === "replica-cpu");
    expect(cpu?.lines.map(({ name }) => name)).toEqual(["A"]);
  });
});
