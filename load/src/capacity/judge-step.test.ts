import { describe, expect, test } from "bun:test";
import type { Series } from "../record/record.ts";
import { syntheticRun } from "../report/synthetic-run.fixture.ts";
import { cutSeries } from "../resources/resources.ts";
import { judgeStep, StepResult } from "./judge-step.ts";
import { replicaLimit } from "./saturation.ts";

const TIMES = { warmUpSeconds: 10, holdSeconds: 20 };

/** A step of 30 s: latency of all answers in ms, by second. */
function step(p95: (second: number) => number, failed = 0): Series {
  const rows = Array.from({ length: 30 }, (_, at) => {
    const ms = p95(at + 1);
    const latency = { p50: ms / 4, p90: ms / 3, p95: ms, p99: ms * 1.5 };
    return { t: at + 1, users: 100, requests: 200, failed: 200 * failed, checksFailed: 0, latency, routes: {} };
  });
  return { format: 1, interval: 1, rows };
}

const { computer, options } = syntheticRun().record;
const planned = { endedBy: "duration", computer, options: { ...options, bodyCheckShare: 0.1 } } as const;

const judged = (p95: (second: number) => number, failed = 0) => judgeStep(planned, step(p95, failed), 100, TIMES);

describe("a step", () => {
  test("is judged by its hold: a slow warm-up does not count, a slow hold does", () => {
    const slowStart = judged((second) => (second <= 10 ? 5_000 : 50));
    expect(slowStart).toMatchObject({ users: 100, held: true, misses: [], requestsPerSecond: 200 });
    expect(slowStart.p95).toBeCloseTo(50, 0);
    const slowHold = judged((second) => (second <= 10 ? 50 : 5_000));
    expect(slowHold).toMatchObject({ held: false });
    expect(slowHold.misses[0]).toContain("p95 5000 ms, at most 600");
  });

  test("is missed by too many slow seconds, although most are fast", () => {
    expect(judged((second) => (second > 25 ? 5_000 : 50)).held).toBe(false);
    expect(judged((second) => (second > 29 ? 700 : 50)).held).toBe(true);
  });

  test("is missed by wrong bodies, of which only the sampled ones count", () => {
    const fast = step(() => 50);
    const wrong = { ...fast, rows: fast.rows.map((row) => ({ ...row, checksFailed: 3 })) };
    expect(judgeStep(planned, wrong, 100, TIMES).misses).toEqual(["right bodies 85.0 %, at least 90.0 %"]);
    expect(judgeStep({ ...planned, options: { ...planned.options, bodyCheckShare: 1 } }, wrong, 100, TIMES).held).toBe(
      true,
    );
  });

  test("is missed by errors, by no answers at all, and by a target that stops answering", () => {
    const fast = step(() => 50);
    expect(judged(() => 50, 0.02).misses).toEqual(["failed 2.0 %, at most 1.0 %"]);
    expect(judgeStep(planned, { ...fast, rows: [] }, 100, TIMES).misses).toEqual(["no answers"]);
    expect(judgeStep({ ...planned, endedBy: "target unreachable" }, fast, 100, TIMES).held).toBe(false);
    expect(judgeStep({ ...planned, endedBy: "objective missed" }, fast, 100, TIMES).held).toBe(false);
  });

  test("shows nothing about the service when k6 failed or was ended", () => {
    for (const endedBy of ["k6 failed", "interrupted"] as const)
      expect(() =>
        judgeStep(
          { ...planned, endedBy },
          step(() => 50),
          100,
          TIMES,
        ),
      ).toThrow("was not measured");
  });

  test("can be stored and read again", () => {
    const run = syntheticRun();
    const judged = judgeStep(planned, run.series, 100, { warmUpSeconds: 60, holdSeconds: 60 });
    expect(StepResult.parse(JSON.parse(JSON.stringify(judged)))).toEqual(judged);
    expect(judged.replicaLimit?.replicaShare).toBeWithin(0.3, 0.6);
  });
});

describe("the limit of the replicas", () => {
  const series = (share: number): Series => ({
    ...step(() => 50),
    parts: Array.from({ length: 30 }, (_, at) => ({
      t: at + 1.4,
      parts: ["api-01", "api-02"].map((name) => ({ name, cpuShare: share })),
    })),
  });

  test("is all of their CPU at the measured CPU per request", () => {
    expect(replicaLimit({}, series(0.4))).toEqual({
      replicaShare: expect.closeTo(0.4, 9),
      requestsPerSecond: 200,
      limitRequestsPerSecond: expect.closeTo(500, 6),
      requestsPerCpuSecond: expect.closeTo(200 / (2 * 0.4 * 0.25), 6),
    });
  });

  test("is unknown where replicas are almost idle or were not measured", () => {
    expect(replicaLimit({}, series(0.05))).toBeUndefined();
    expect(
      replicaLimit(
        {},
        step(() => 50),
      ),
    ).toBeUndefined();
    expect(replicaLimit({}, cutSeries(series(0.4), 100, 200))).toBeUndefined();
  });
});
