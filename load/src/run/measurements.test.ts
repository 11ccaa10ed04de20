import { describe, expect, test } from "bun:test";
import { Measurements } from "./measurements.ts";
import type { Sample } from "./samples.ts";

const START = 1_700_000_000_000;

interface Asked {
  /** Seconds from the start. */
  readonly at: number;
  readonly ms?: number;
  readonly route?: string;
  readonly failed?: boolean;
}

function answer({ at, ms = 5, route = "GET /Cities", failed = false }: Asked): Sample {
  return { kind: "answer", at: START + at * 1000, ms, route, failed };
}

function users(at: number, count: number): Sample {
  return { kind: "users", at: START + at * 1000, users: count };
}

function measurementsOf(samples: readonly Sample[], { moderators = 0, judgedAfter = 2 } = {}): Measurements {
  const measured = new Measurements(moderators, judgedAfter);
  for (const sample of samples) measured.take(sample);
  return measured;
}

/** So many answers in each second. */
function seconds(count: number, each: (second: number) => Omit<Asked, "at">, perSecond = 10): Sample[] {
  return Array.from({ length: count }, (_, second) => [
    users(second, second + 1),
    ...Array.from({ length: perSecond }, (_, index) =>
      answer({ at: second + (index + 0.5) / perSecond, ...each(second) }),
    ),
  ]).flat();
}

const ended = Number.POSITIVE_INFINITY;

describe("the measurements of a run", () => {
  test("have a row for every second, with every route", () => {
    const measured = measurementsOf(
      [
        users(0, 105),
        answer({ at: 0.1, ms: 2 }),
        answer({ at: 0.2, ms: 4 }),
        answer({ at: 0.9, ms: 9, route: "GET /Cities/{id}", failed: true }),
        answer({ at: 2.5, ms: 7 }),
      ],
      { moderators: 100 },
    );
    measured.settle(ended);
    expect(measured.rows.map(({ t, users: count, requests, failed }) => [t, count, requests, failed])).toEqual([
      [1, 5, 3, 1],
      [2, 5, 0, 0],
      [3, 5, 1, 0],
    ]);
    expect(measured.rows[0]?.latency?.p50).toBe(4);
    expect(measured.rows[1]?.latency).toBeUndefined();
    expect(measured.rows[0]?.routes).toEqual({
      "GET /Cities": { requests: 2, failed: 0, latency: { p50: 3, p90: 3.8, p95: 3.9, p99: 3.98 } },
      "GET /Cities/{id}": { requests: 1, failed: 1, latency: { p50: 9, p90: 9, p95: 9, p99: 9 } },
    });
  });

  test("start when the first users come, and not when k6 starts", () => {
    const measured = measurementsOf([users(-9, 0), users(-8, 0), users(0, 1), answer({ at: 0.5 })]);
    expect(measured.startedAt).toBe(START);
  });

  test("have a row of a second only when its samples are there; what comes later still counts", () => {
    const measured = measurementsOf([users(0, 1), answer({ at: 0.5 }), answer({ at: 1.5 })]);
    expect(measured.settle(START + 2_000)).toEqual([]);
    expect(measured.settle(START + 2_600).map(({ t }) => t)).toEqual([1]);
    measured.take(answer({ at: 0.7 }));
    measured.settle(ended);
    expect(measured.rows.map(({ requests }) => requests)).toEqual([1, 2]);
    expect(measured.figures().requests).toBe(3);
  });

  test("have the users at the first missed objective, after the first seconds", () => {
    const measured = measurementsOf(
      seconds(6, (second) => ({ failed: second === 0 || second >= 3 })),
      { judgedAfter: 3 },
    );
    measured.settle(ended);
    expect(measured.usersAtBreak).toBe(3);
    expect(
      measured
        .verdict()
        .filter(({ isHeld }) => !isHeld)
        .map(({ name }) => name),
    ).toEqual(["errors", "checks"]);
    expect(measured.figures()).toMatchObject({ requests: 60, rate: 10, failed: 40, maxUsers: 6, usersAtBreak: 3 });
  });

  test("hold while every objective does, and count wrong bodies", () => {
    const checks = Array.from(
      { length: 20 },
      (_, index): Sample => ({ kind: "check", at: START + 100, isRight: index > 0 }),
    );
    const measured = measurementsOf([...seconds(4, () => ({ ms: 299 })), ...checks]);
    measured.settle(ended);
    expect(measured.verdict().every(({ isHeld }) => isHeld)).toBeTrue();
    expect(measured.usersAtBreak).toBeUndefined();
    expect(measured.figures().checksFailed).toBe(1);
    expect(measured.rows[0]?.checksFailed).toBe(1);
  });

  test("look dead after three seconds with failures only, and not while one answer is good", () => {
    const dead = measurementsOf(seconds(3, () => ({ failed: true })));
    dead.settle(ended);
    expect(dead.looksDead()).toBeTrue();
    const alive = measurementsOf([...seconds(3, () => ({ failed: true })), answer({ at: 2.9 })]);
    alive.settle(ended);
    expect(alive.looksDead()).toBeFalse();
    expect(alive.endedDead()).toBeFalse();
  });

  test("without an answer have no figures of latency and miss every objective", () => {
    const measured = measurementsOf([users(0, 3)]);
    measured.settle(ended);
    expect(measured.figures().latency).toBeUndefined();
    expect(measured.verdict().some(({ isHeld }) => isHeld)).toBeFalse();
    expect(measured.endedDead()).toBeTrue();
  });
});
