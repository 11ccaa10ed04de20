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

function courseOf(samples: readonly Sample[], { moderators = 0, judgedAfter = 2 } = {}): Measurements {
  const course = new Measurements(moderators, judgedAfter);
  for (const sample of samples) course.take(sample);
  return course;
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

describe("the course of a run", () => {
  test("has a row for every second, with every route", () => {
    const course = courseOf(
      [
        users(0, 105),
        answer({ at: 0.1, ms: 2 }),
        answer({ at: 0.2, ms: 4 }),
        answer({ at: 0.9, ms: 9, route: "GET /Cities/{id}", failed: true }),
        answer({ at: 2.5, ms: 7 }),
      ],
      { moderators: 100 },
    );
    course.settle(ended);
    expect(course.rows.map(({ t, users: count, requests, failed }) => [t, count, requests, failed])).toEqual([
      [1, 5, 3, 1],
      [2, 5, 0, 0],
      [3, 5, 1, 0],
    ]);
    expect(course.rows[0]?.latency?.p50).toBe(4);
    expect(course.rows[1]?.latency).toBeUndefined();
    expect(course.rows[0]?.routes).toEqual({
      "GET /Cities": { requests: 2, failed: 0, latency: { p50: 3, p90: 3.8, p95: 3.9, p99: 3.98 } },
      "GET /Cities/{id}": { requests: 1, failed: 1, latency: { p50: 9, p90: 9, p95: 9, p99: 9 } },
    });
  });

  test("begins when the first users come, and not when k6 starts", () => {
    const course = courseOf([users(-9, 0), users(-8, 0), users(0, 1), answer({ at: 0.5 })]);
    expect(course.startedAt).toBe(START);
  });

  test("makes a row of a second only when its samples are there; what comes later still counts", () => {
    const course = courseOf([users(0, 1), answer({ at: 0.5 }), answer({ at: 1.5 })]);
    expect(course.settle(START + 2_000)).toEqual([]);
    expect(course.settle(START + 2_600).map(({ t }) => t)).toEqual([1]);
    course.take(answer({ at: 0.7 }));
    course.settle(ended);
    expect(course.rows.map(({ requests }) => requests)).toEqual([1, 2]);
    expect(course.figures().requests).toBe(3);
  });

  test("notes the users at the first break of an objective, after the first seconds", () => {
    const course = courseOf(
      seconds(6, (second) => ({ failed: second === 0 || second >= 3 })),
      { judgedAfter: 3 },
    );
    course.settle(ended);
    expect(course.usersAtBreak).toBe(3);
    expect(
      course
        .verdict()
        .filter(({ isHeld }) => !isHeld)
        .map(({ name }) => name),
    ).toEqual(["errors", "checks"]);
    expect(course.figures()).toMatchObject({ requests: 60, rate: 10, failed: 40, maxUsers: 6, usersAtBreak: 3 });
  });

  test("holds while every objective does, and counts wrong bodies", () => {
    const checks = Array.from(
      { length: 20 },
      (_, index): Sample => ({ kind: "check", at: START + 100, isRight: index > 0 }),
    );
    const course = courseOf([...seconds(4, () => ({ ms: 299 })), ...checks]);
    course.settle(ended);
    expect(course.verdict().every(({ isHeld }) => isHeld)).toBeTrue();
    expect(course.usersAtBreak).toBeUndefined();
    expect(course.figures().checksFailed).toBe(1);
    expect(course.rows[0]?.checksFailed).toBe(1);
  });

  test("looks dead after three seconds with failures only, and not while one answer is good", () => {
    const dead = courseOf(seconds(3, () => ({ failed: true })));
    dead.settle(ended);
    expect(dead.looksDead()).toBeTrue();
    const alive = courseOf([...seconds(3, () => ({ failed: true })), answer({ at: 2.9 })]);
    alive.settle(ended);
    expect(alive.looksDead()).toBeFalse();
    expect(alive.endedDead()).toBeFalse();
  });

  test("without an answer has no figures of latency and breaks every objective", () => {
    const course = courseOf([users(0, 3)]);
    course.settle(ended);
    expect(course.figures().latency).toBeUndefined();
    expect(course.verdict().some(({ isHeld }) => isHeld)).toBeFalse();
    expect(course.endedDead()).toBeTrue();
  });
});
