import { expect, test } from "bun:test";
import { DeadlineExceeded, waitFor, waitUntil } from "./wait-for.ts";

test("the value of the first attempt that succeeds is returned, and what was missing before is reported", async () => {
  let attempts = 0;
  const missing: string[] = [];
  const value = await waitFor(
    () => {
      attempts += 1;
      return attempts < 3 ? { missing: `attempt ${attempts}` } : { value: "found" };
    },
    { deadlineMs: 60_000, everyMs: 1, onMissing: (what) => missing.push(what) },
  );
  expect(value).toBe("found");
  expect(missing).toEqual(["attempt 1", "attempt 2"]);
});

test("at the deadline the last thing missing is in the error", async () => {
  const waiting = waitFor(() => ({ missing: "a primary" }), { deadlineMs: 0 });
  await expect(waiting).rejects.toThrow(DeadlineExceeded);
  await expect(waiting).rejects.toThrow("a primary");
});

test("an abort ends the wait with its reason", async () => {
  const stop = new AbortController();
  const waiting = waitFor(() => ({ missing: "anything" }), {
    deadlineMs: 60_000,
    everyMs: 60_000,
    signal: stop.signal,
  });
  stop.abort(new Error("interrupted"));
  await expect(waiting).rejects.toThrow("interrupted");
});

test("an error of an attempt is not swallowed", async () => {
  await expect(waitUntil(() => Promise.reject(new Error("broken")), { deadlineMs: 60_000 })).rejects.toThrow("broken");
});

test("a condition that comes true, and one that does not", async () => {
  let checks = 0;
  expect(await waitUntil(() => ++checks === 2, { deadlineMs: 60_000, everyMs: 1 })).toBe(true);
  expect(await waitUntil(() => false, { deadlineMs: 0 })).toBe(false);
});
