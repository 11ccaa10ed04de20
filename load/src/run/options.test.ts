import { describe, expect, test } from "bun:test";
import { CommandError, EXIT } from "@goldenring/run-kit";
import fc from "fast-check";
import { SCENARIOS, scenarioNamed } from "../../k6/scenario-table.ts";
import { type LoadOptions, parseRamp, parseSeconds, parseUsers, rampSeconds, runOptions } from "./options.ts";

const [browse] = SCENARIOS;
const chaos = scenarioNamed("chaos-background");

describe("the options of a run", () => {
  test("are the report's ramp unless something else is asked for", () => {
    expect(runOptions(browse, {})).toEqual({
      load: { kind: "ramp", stepUsers: 600, stepSeconds: 300, maxUsers: 3000 },
      seconds: 1500,
      encoding: "gzip",
      stopsAtBreach: true,
      bodyCheckShare: 0.1,
    });
  });

  test("take the chaos background's own load, unless a ramp is asked for", () => {
    if (chaos === undefined) throw new Error("no such scenario");
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
    for (const wishes of contradictions) {
      expect(() => runOptions(browse, wishes)).toThrow("--users is a constant number of users");
    }
  });

  test("refuse a run of more than a day", () => {
    expect(() => runOptions(browse, { ramp: { stepUsers: 1, stepSeconds: 60 } })).toThrow("longer than a day");
  });
});

describe("a ramp", () => {
  test("is read from users and time", () => {
    expect(parseRamp("600/30s")).toEqual({ stepUsers: 600, stepSeconds: 30 });
    expect(parseRamp("600/5m")).toEqual({ stepUsers: 600, stepSeconds: 300 });
    expect(rampSeconds({ kind: "ramp", stepUsers: 600, stepSeconds: 30, maxUsers: 1200 })).toBe(60);
  });

  test.each(["600", "600/", "/30s", "600/30s/1", "0/30s", "600/0s", "many/30s", "6.5/30s", "600/-1s"])(
    "%p is refused as wrong usage",
    (text) => {
      try {
        parseRamp(text);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(CommandError);
        expect((error as CommandError).exitCode).toBe(EXIT.usage);
      }
    },
  );
});

test("times are read in hours, minutes and seconds", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(200), fc.integer({ min: 1, max: 900 }), (hours, minutes, seconds) => {
      expect(parseSeconds(`${hours}h${minutes}m${seconds}s`)).toBe(hours * 3600 + minutes * 60 + seconds);
    }),
  );
  expect(parseSeconds("90")).toBe(90);
  for (const text of ["", "0", "25h", "5 m", "-1", "1d", "1e3"]) expect(() => parseSeconds(text)).toThrow("is no time");
});

test("users are whole numbers from 1", () => {
  expect(parseUsers("1200")).toBe(1200);
  for (const text of ["0", "1.5", "-1", "1e3", " 5", "100001"])
    expect(() => parseUsers(text)).toThrow("no number of users");
});
