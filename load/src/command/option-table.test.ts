import { expect, test } from "bun:test";
import fc from "fast-check";
import { Port, Ramp, Seconds, someOf, Users } from "./option-table.ts";

test("a ramp is read from users and time", () => {
  expect(Ramp("600/30s")).toEqual({ stepUsers: 600, stepSeconds: 30 });
  expect(Ramp("600/5m")).toEqual({ stepUsers: 600, stepSeconds: 300 });
});

test("times are read in hours, minutes and seconds", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(200), fc.integer({ min: 1, max: 900 }), (hours, minutes, seconds) => {
      expect(Seconds(`${hours}h${minutes}m${seconds}s`)).toBe(hours * 3600 + minutes * 60 + seconds);
    }),
  );
  expect(Seconds("90")).toBe(90);
});

test("users are whole numbers from 1", () => expect(Users("1200")).toBe(1200));

test("a list is read in the order of the names, whatever the order of the text", () => {
  expect(someOf(["one", "two", "three"])("three,one")).toEqual(["one", "three"]);
});

const REFUSED = [
  ["a ramp", Ramp, ["600", "600/", "/30s", "600/30s/1", "0/30s", "600/0s", "many/30s", "6.5/30s", "600/-1s"]],
  ["a time", Seconds, ["", "0", "25h", "5 m", "-1", "1d", "1e3"]],
  ["a number of users", Users, ["0", "1.5", "-1", "1e3", " 5", "100001"]],
  ["a port", Port, ["0", "65536", "1.5", "http"]],
  ["a list", someOf(["one", "two"]), ["", "one,three"]],
] as const;

test.each(REFUSED)("what is not %s is refused, with what is expected", (_, read, texts) => {
  for (const text of texts) {
    expect(() => read(text)).toThrow(`"${text}" is not a`);
  }
});
