import { expect, test } from "bun:test";
import { judgeRoles, type RoleSample, timeToNewPrimary } from "./verdict.ts";

/** One letter every 250 ms: P primary, R replica, - no answer; each answer takes `width` ms. */
function samples(node: string, letters: string, timelines: string, width = 5): RoleSample[] {
  return [...letters].map((letter, index) => {
    const start = index * 250;
    const times = { e: "sample" as const, node, start, end: start + width };
    if (letter === "-") return { ...times, error: "deadline" };
    const role = letter === "P" ? "primary" : "replica";
    return { ...times, role, state: "running", timeline: Number(timelines[index]) };
  });
}

test("one primary after the other are never two", () => {
  const verdict = judgeRoles([
    ...samples("pg-01", "PPP---RR", "11111122"),
    ...samples("pg-02", "RRRRPPPP", "11112222"),
  ]);
  expect(verdict.twoPrimaries).toEqual([]);
  expect(verdict.reigns.map(({ node, timeline }) => [node, timeline])).toEqual([
    ["pg-01", 1],
    ["pg-02", 2],
  ]);
});

test("two primaries at once are found, also when one of them went unheard meanwhile", () => {
  const both = [...samples("pg-01", "PPPPPP", "111111"), ...samples("pg-02", "RRRPPP", "111222")];
  expect(judgeRoles(both).twoPrimaries).toHaveLength(1);
  const unheard = [...samples("pg-01", "PP---PR", "1111112"), ...samples("pg-02", "RRRPP--", "1112222")];
  expect(judgeRoles(unheard).twoPrimaries).toHaveLength(1);
  const once = [...samples("pg-01", "PPPPP", "11111"), ...samples("pg-02", "RRPRR", "11211", 2)];
  expect(
    judgeRoles(
      once.map((sample) =>
        sample.node === "pg-02" ? { ...sample, start: sample.start + 9, end: sample.end + 9 } : sample,
      ),
    ).twoPrimaries,
  ).toHaveLength(1);
});

test("answers from overlapping windows alone decide nothing", () => {
  const verdict = judgeRoles([...samples("pg-01", "PPPR", "1112"), ...samples("pg-02", "RRPP", "1122")]);
  expect(verdict.twoPrimaries).toEqual([]);
  expect(verdict.reigns).toHaveLength(2);
});

test("a primary that comes back on a new timeline counts as a new primary", () => {
  const verdict = judgeRoles([...samples("pg-01", "PP--PP", "111133"), ...samples("pg-02", "RR-P-R", "11122-")]);
  expect(verdict.twoPrimaries).toEqual([]);
});

test("the time to a new primary counts to the first answer of another reign", () => {
  const all = [...samples("pg-01", "PPP---RR", "11111122"), ...samples("pg-02", "RRRRPPPP", "11112222")];
  expect(timeToNewPrimary(all, 600)).toBe(4 * 250 + 5 - 600);
  expect(timeToNewPrimary(samples("pg-01", "PPPP", "1111"), 600)).toBeUndefined();
});
