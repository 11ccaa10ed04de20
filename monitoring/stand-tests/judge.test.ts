import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ReceivedAlert } from "../src/index.ts";
import { BAR, type Course, judge, judgeQuiet } from "./judge.ts";

const FAULT_AT = Date.parse("2026-01-01T00:00:00Z");
const HEALED_AT = FAULT_AT + 120_000;

function received(name: string, atMs: number, change: Partial<ReceivedAlert> = {}): ReceivedAlert {
  return {
    name,
    status: "firing",
    labels: { alertname: name, machine: "pg-01", severity: "warning" },
    annotations: {},
    startsAt: "",
    endsAt: undefined,
    arrivedAt: new Date(FAULT_AT + atMs).toISOString(),
    delayMs: 0,
    ...change,
  };
}

const course: Course = {
  expected: { alert: "HostHot", labels: { machine: "pg-01" } },
  declared: [{ alert: "Slow", why: "it is hot" }],
  standing: ["Old"],
  faultAt: FAULT_AT,
  healedAt: HEALED_AT,
};
const critical = { labels: { machine: "pg-01", severity: "critical" } };
const over = received("HostHot", 150_000, { status: "resolved" });

describe("a fault's alert", () => {
  test("that comes in time and is over after the healing misses nothing", () => {
    expect(judge([received("HostHot", 60_000), over], course)).toEqual({
      severity: "warning",
      notifiedAfterMs: 60_000,
      resolvedAfterMs: 30_000,
      others: [],
      misses: [],
    });
  });

  test("is late after its severity's bar, and not before", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.integer({ min: 0, max: 300_000 }), (isCritical, after) => {
        const { misses } = judge([received("HostHot", after, isCritical ? critical : {}), over], course);
        expect(misses.length > 0).toBe(after > (isCritical ? BAR.critical : BAR.other));
      }),
    );
  });

  const missed: [string, ReceivedAlert[], string][] = [
    ["does not come", [], "HostHot did not come"],
    [
      "comes of another machine only",
      [received("HostHot", 1_000, { labels: { machine: "pg-02" } })],
      "HostHot did not come",
    ],
    ["is critical and slow", [received("HostHot", 91_000, critical), over], "HostHot came after 91.0 s, bar 90.0 s"],
    ["is not said to be over", [received("HostHot", 1_000)], "no word that HostHot is over"],
    [
      "brings another that was not declared",
      [received("HostHot", 1_000), received("Panic", 2_000), received("Panic", 9_000), over],
      "Panic of pg-01 was not declared",
    ],
  ];
  test.each(missed)("that %s is a miss", (_, alerts, miss) => {
    expect(judge(alerts, course).misses).toContain(miss);
  });

  test("may bring those that were declared, and those that fired before say nothing", () => {
    const { misses, others } = judge(
      [received("HostHot", 1_000), received("Slow", 5_000), received("Old", 6_000), over],
      course,
    );
    expect(misses).toEqual([]);
    expect(others).toEqual([{ alert: "Slow", machine: "pg-01", afterMs: 5_000, isDeclared: true }]);
  });
});

test("in a quiet time every alert is false that was not declared and did not fire before", () => {
  const alerts = [received("Slow", 1), received("Old", 2), received("Panic", 3), { ...over, name: "Calm" }];
  const { misses, others } = judgeQuiet(alerts, course.declared, course.standing, FAULT_AT);
  expect(misses).toEqual(["Panic of pg-01 was false"]);
  expect(others.map(({ alert }) => alert)).toEqual(["Slow", "Panic"]);
});
