import { describe, expect, test } from "bun:test";
import { describeSession, SessionWatch } from "./sessions.ts";

const SECOND_MS = 1_000;

describe("the oldest transaction", () => {
  test("is the one with the greatest age, a prepared one included", () => {
    const rows = [
      ["7", "12.5", ""],
      ["prepared", "100", ""],
    ];
    expect(new SessionWatch().oldestOf(rows, 0)).toEqual({ pid: "prepared", ageSeconds: 100 });
    expect(new SessionWatch().oldestOf([], 0)).toBeUndefined();
  });

  test("counts from the moment it was first seen, where its start is hidden", () => {
    const watch = new SessionWatch();
    const hidden = (pid: string, xid: string) => [[pid, null, xid]];
    expect(watch.oldestOf(hidden("7", "100"), 0)).toEqual({ pid: "7", ageSeconds: 0 });
    expect(watch.oldestOf(hidden("7", "100"), 30 * SECOND_MS)).toEqual({ pid: "7", ageSeconds: 30 });
    // The session's next transaction.
    expect(watch.oldestOf(hidden("7", "101"), 40 * SECOND_MS)).toEqual({ pid: "7", ageSeconds: 0 });
    expect(watch.oldestOf([["9", "5", ""], ...hidden("7", "101")], 50 * SECOND_MS)).toEqual({
      pid: "7",
      ageSeconds: 10,
    });
    expect(watch.oldestOf([["9", "25", ""], ...hidden("7", "101")], 60 * SECOND_MS)).toEqual({
      pid: "9",
      ageSeconds: 25,
    });
  });
});

test("a session is described by pid, age and state, and by no name", () => {
  const session = { pid: 7, ageSeconds: 63.4, state: "idle in transaction", application: "psql", user: "ann" };
  expect(describeSession(session)).toBe("the transaction of pid 7 (open for 63 s, idle in transaction)");
  const hidden = { ...session, ageSeconds: undefined, state: undefined };
  expect(describeSession(hidden)).toBe("the transaction of pid 7 (of unknown age)");
  expect(describeSession({ ...hidden, pid: undefined })).toBe("a prepared transaction (pg_prepared_xacts)");
});
