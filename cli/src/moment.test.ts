import { expect, test } from "bun:test";
import { momentOf, momentText } from "./moment.ts";

test("a moment keeps its zone and every digit of its second", () => {
  expect(momentOf("2026-01-31 12:00:00.123456+02")?.text).toBe("2026-01-31 10:00:00.123456+00:00");
  expect(momentOf("2026-01-31T12:00Z")?.text).toBe("2026-01-31 12:00:00+00:00");
  expect(momentOf("2026-01-31 12:00:00 UTC")?.at).toBe(Date.UTC(2026, 0, 31, 12));
  expect(momentOf("2026-01-31 00:30-0530")?.at).toBe(Date.UTC(2026, 0, 31, 6));
});

test("a moment without a zone is of this computer's", () => {
  expect(momentOf("2026-07-01 12:00:00")?.at).toBe(new Date(2026, 6, 1, 12).getTime());
});

test.each(["yesterday", "2026-01-31", "2026-02-31 12:00", "2026-01-31 25:00", "2026-13-01 12:00", ""])(
  "%p is no moment",
  (text) => {
    expect(momentOf(text)).toBeUndefined();
  },
);

test("a moment is shown in UTC and in the computer's zone", () => {
  expect(momentText({ text: "", at: Date.UTC(2026, 0, 31, 12) })).toStartWith("2026-01-31 12:00:00 UTC = ");
});
