import { describe, expect, test } from "bun:test";
import type { ResultEntry, RunFigures } from "./results.ts";
import { targetsOf } from "./targets.ts";

const place = { dataBefore: "", encoding: "gzip", date: "", commit: "", computer: "", k6: "", command: "" } as const;
const figures = {
  load: "",
  run: "",
  held: true,
  maxUsers: 1_200,
  requestsPerSecond: 2_400,
  failed: 0,
  saturated: "none",
};

function entry(scenario: string, side: ResultEntry["side"], data: ResultEntry["data"], runs: Partial<RunFigures>[]) {
  return { ...place, scenario, side, data, runs: runs.map((run) => ({ ...figures, ...run })) };
}

const targetOf = (entries: ResultEntry[], words: string) =>
  targetsOf(entries).find(({ target }) => target.includes(words));

describe("a target", () => {
  test("that was not measured has neither held nor not", () => {
    expect(targetsOf([]).every(({ held, measured }) => held === undefined && measured === "not measured")).toBe(true);
  });

  test("is judged by the runs of its part, and breaks where a figure is missing", () => {
    const steady = (run: Partial<RunFigures>) => [entry("browse-cities", "ours", "base", [{ part: "steady", ...run }])];
    expect(targetOf(steady({ p95Ms: 59 }), "P95 under 60")).toMatchObject({ held: true, measured: "59 ms" });
    expect(targetOf(steady({ p95Ms: 61 }), "P95 under 60")?.held).toBe(false);
    expect(targetOf(steady({ p95Ms: 61, computerCpu: 0.93, replicaCpu: 0.35 }), "P95 under 60")).toMatchObject({
      held: false,
      measured: "61 ms; the computer at 93 % of its CPU, the replicas at 35 % of their limit",
    });
    expect(targetOf(steady({}), "P95 under 60")).toMatchObject({ held: false, measured: "no figure" });
    expect(targetOf(steady({ replicaCpu: 0.41 }), "under 40 %")?.held).toBe(false);
    expect(targetOf(steady({ failed: 1 }), "no failed request")?.held).toBe(false);
    expect(targetOf(steady({ part: "ramp", p95Ms: 59 }), "P95 under 60")?.held).toBeUndefined();
    expect(targetOf(steady({ usersAtBreak: 1_200, held: false }), "1,200 users within")).toMatchObject({
      held: false,
      measured: "an objective was missed",
    });
  });

  test("of a ramp is the number of users to which it came", () => {
    const ramp = (run: Partial<RunFigures>) => [entry("browse-cities", "ours", "base", [{ part: "ramp", ...run }])];
    expect(targetOf(ramp({ usersAtBreak: 1_300, held: false }), "ramp")).toMatchObject({
      held: true,
      measured: "1,300 users",
    });
    expect(targetOf(ramp({ usersAtBreak: 881, held: false }), "ramp")?.held).toBe(false);
    expect(targetOf(ramp({ maxUsers: 3_000 }), "ramp")?.held).toBe(true);
  });

  test("of 15 minutes is broken by a shorter run, and held by a whole one only", () => {
    const chaos = (failed: number, seconds: number) =>
      targetOf([entry("chaos-background", "ours", "base", [{ part: "chaos", failed, seconds }])], "15 minutes")?.held;
    expect([chaos(0, 120), chaos(1, 120), chaos(0, 899)]).toEqual([undefined, false, true]);
  });

  test("about growth needs the last data, and a latency that stays straight", () => {
    const growth = (...stages: [number, number][]) => [
      entry(
        "service-grows",
        "ours",
        "base",
        stages.map(([values, p95Ms]) => ({ part: "growth" as const, values, p95Ms })),
      ),
    ];
    const held = (...stages: [number, number][]) => targetOf(growth(...stages), "120,896 values, P95 there")?.held;
    expect(held([720, 10], [120_896, 19])).toBe(true);
    expect(held([720, 10], [120_896, 21])).toBe(false);
    expect(held([720, 10], [60_000, 11])).toBe(false);
  });

  test("against the baseline compares the same load, and holds where the baseline answers nothing", () => {
    const of = (side: ResultEntry["side"], requestsPerCpuSecond: number, replicas = 1, maxUsers = 2_000) => {
      const run = { part: "baseline", replicas, maxUsers, requestsPerCpuSecond, values: 720 } as const;
      return entry("browse-cities", side, "base", [run]);
    };
    const judged = "one replica, 2,000 users: at least 3";
    expect(targetOf([of("ours", 9_000), of("baseline", 3_000)], judged)?.held).toBe(true);
    expect(targetOf([of("ours", 8_000), of("baseline", 3_000)], judged)?.held).toBe(false);
    expect(targetOf([of("ours", 9_000), of("baseline", 3_000, 3, 1_200)], judged)?.held).toBeUndefined();
    expect(
      targetOf([of("ours", 6_000, 3, 1_200), of("baseline", 3_000, 3, 1_200)], "3 replicas, 1,200 users"),
    ).toMatchObject({ held: false, isGoal: true });
    const dead = entry("heavy-query", "baseline", "full", [{ part: "baseline", answered: 0, replicasRestarted: true }]);
    const ours = entry("heavy-query", "ours", "full", [{ part: "baseline", requestsPerCpuSecond: 1_000 }]);
    const bar = targetsOf([ours, dead]).find(({ scenario, held }) => scenario === "heavy-query" && held !== undefined);
    expect(bar).toMatchObject({
      held: true,
      measured: "1,000 / none, the baseline answered nothing: its replicas ran out of memory",
    });
  });
});
