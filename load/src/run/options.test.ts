import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { plannedSeconds } from "../../k6/plan.ts";
import type { Load } from "../record/record.ts";
import { SCENARIOS, scenarioNamed } from "../scenarios.ts";
import { judgedAfterSeconds, type LoadOptions, runOptions, stagesOf } from "./options.ts";

const [browse] = SCENARIOS;
const chaos = scenarioNamed("chaos-background");

describe("the options of a run", () => {
  test("are the ramp of 2023 unless something else is asked for", () => {
    expect(runOptions(browse, {})).toEqual({
      load: { kind: "ramp", stepUsers: 600, stepSeconds: 300, maxUsers: 3000 },
      seconds: 1500,
      encoding: "gzip",
      stopsAtBreach: true,
      bodyCheckShare: 0.1,
    });
  });

  test("take the chaos background's own load, unless a ramp is asked for", () => {
    expect(runOptions(chaos, {})).toMatchObject({
      load: { kind: "constant", users: 20 },
      seconds: 900,
      stopsAtBreach: false,
    });
    expect(runOptions(chaos, { maxUsers: 60 }).load.kind).toBe("ramp");
  });

  test("refuse a constant number of users together with a ramp", () => {
    const contradictions: LoadOptions[] = [
      { users: 5, maxUsers: 10 },
      { users: 5, ramp: { stepUsers: 1, stepSeconds: 1 } },
    ];
    for (const options of contradictions) {
      expect(() => runOptions(browse, options)).toThrow("--users is a constant number of users");
    }
  });

  test("refuse a run of more than a day", () => {
    expect(() => runOptions(browse, { ramp: { stepUsers: 1, stepSeconds: 60 } })).toThrow("longer than a day");
  });
});

const ramp: Load = { kind: "ramp", stepUsers: 600, stepSeconds: 300, maxUsers: 1200 };

describe("the stages of a run", () => {
  test("rise evenly to the maximum of users", () => {
    expect(stagesOf({ load: ramp, seconds: 600 })).toEqual([{ seconds: 600, users: 1200 }]);
  });

  test("end on the way when the time is over before", () => {
    expect(stagesOf({ load: ramp, seconds: 150 })).toEqual([{ seconds: 150, users: 300 }]);
  });

  test("hold the maximum of users when time is left", () => {
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

  test("take as long as was asked for, whatever the load, and have at least one user", () => {
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
  expect([5, 12, 60, 1500].map(judgedAfterSeconds)).toEqual([2, 6, 10, 10]);
});
