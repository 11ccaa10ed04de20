import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { plannedSeconds } from "../../k6/plan.ts";
import type { Load } from "../record/record.ts";
import { judgedAfter, stagesOf } from "./stages.ts";

const ramp: Load = { kind: "ramp", stepUsers: 600, stepSeconds: 300, maxUsers: 1200 };

describe("the stages of a run", () => {
  test("rise evenly to the most users", () => {
    expect(stagesOf({ load: ramp, seconds: 600 })).toEqual([{ seconds: 600, users: 1200 }]);
  });

  test("end on the way when the time is over before", () => {
    expect(stagesOf({ load: ramp, seconds: 150 })).toEqual([{ seconds: 150, users: 300 }]);
  });

  test("hold the most users when time is left", () => {
    expect(stagesOf({ load: ramp, seconds: 700 })).toEqual([
      { seconds: 600, users: 1200 },
      { seconds: 100, users: 1200 },
    ]);
  });

  test("of a constant load let the users arrive within ten seconds", () => {
    expect(stagesOf({ load: { kind: "constant", users: 20 }, seconds: 900 })).toEqual([
      { seconds: 10, users: 20 },
      { seconds: 890, users: 20 },
    ]);
  });

  const load = fc.oneof(
    fc.record({ kind: fc.constant("constant" as const), users: fc.integer({ min: 1, max: 5000 }) }),
    fc.record({
      kind: fc.constant("ramp" as const),
      stepUsers: fc.integer({ min: 1, max: 5000 }),
      stepSeconds: fc.integer({ min: 1, max: 600 }),
      maxUsers: fc.integer({ min: 1, max: 5000 }),
    }),
  );

  test("take as long as was asked for, whatever the load, and bring at least one user", () => {
    fc.assert(
      fc.property(load, fc.integer({ min: 1, max: 10_000 }), (any, seconds) => {
        const stages = stagesOf({ load: any, seconds });
        expect(plannedSeconds({ stages })).toBeCloseTo(seconds, 6);
        expect(Math.min(...stages.map(({ users }) => users))).toBeGreaterThan(0);
      }),
    );
  });
});

test("objectives are judged after ten seconds, in short runs after half of the time", () => {
  expect([5, 12, 60, 1500].map(judgedAfter)).toEqual([2, 6, 10, 10]);
});
