import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { LockHeld, lockHolder, takeLock, withLock } from "./lock.ts";

const key = `test ${process.pid}`;

test("a process that finds the lock held learns who holds it", async () => {
  const lock = await takeLock({ key, purpose: "ring up" });
  const refused = await takeLock({ key, purpose: "ring down" }).catch((error: unknown) => error);
  expect(await lockHolder(key)).toBe(`ring up (process ${process.pid})`);
  lock.release();
  expect(await lockHolder(key)).toBeUndefined();
  expect(refused).toBeInstanceOf(LockHeld);
  expect(refused).toMatchObject({ holder: `ring up (process ${process.pid})` });
});

test("locks of different keys do not exclude each other", async () => {
  const both = await withLock({ key, purpose: "one" }, () =>
    withLock({ key: `${key} other`, purpose: "two" }, async () => "both"),
  );
  expect(both).toBe("both");
});

test("a lock that is waited for comes when its holder has ended, even by an error", async () => {
  const order: string[] = [];
  const working = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const first = withLock({ key, purpose: "first" }, async () => {
    working.resolve();
    await end.promise;
    order.push("first ends");
    throw new Error("broken");
  }).catch((error: unknown) => String(error));
  await working.promise;
  const second = withLock({ key, purpose: "second", waitMs: 30_000 }, async () => order.push("second starts"));
  end.resolve();
  expect(await first).toBe("Error: broken");
  await second;
  expect(order).toEqual(["first ends", "second starts"]);
});

test("an interruption ends the wait for a lock", async () => {
  const stop = new AbortController();
  await withLock({ key, purpose: "first" }, async () => {
    const waiting = takeLock({ key, purpose: "second", waitMs: 60_000, signal: stop.signal });
    stop.abort(new Error("interrupted"));
    await expect(waiting).rejects.toThrow("interrupted");
  });
});

test("the lock of a process that was killed is free", async () => {
  const program = `import { takeLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    await takeLock({ key: ${JSON.stringify(key)}, purpose: "killed" });
    console.log("held");
    setInterval(() => {}, 1_000);`;
  const holder = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  await expect(takeLock({ key, purpose: "next" })).rejects.toThrow(LockHeld);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  (await takeLock({ key, purpose: "next", waitMs: 5_000 })).release();
});
