import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StandBusy } from "../problem.ts";
import { withLock } from "./lock.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A promise and what resolves it: work that lasts until the test says so. */
const told = () => Promise.withResolvers<void>();

test("a second one is turned away while the first is at work, and told of it", async () => {
  const file = join(folder, "busy");
  const turnedAway = await withLock(file, { purpose: "`ring up`", waitSeconds: 0 }, () =>
    withLock(file, { purpose: "`ring down`", waitSeconds: 0 }, async () => undefined).catch((error: unknown) => error),
  );
  expect(turnedAway).toBeInstanceOf(StandBusy);
  expect(String(turnedAway)).toContain(`\`ring up\` (process ${process.pid})`);
});

test("one that waits begins when the first has ended, even by an error", async () => {
  const file = join(folder, "waits");
  const order: string[] = [];
  const begun = told();
  const end = told();
  const first = withLock(file, { purpose: "first", waitSeconds: 0 }, async () => {
    begun.resolve();
    await end.promise;
    order.push("first ends");
    throw new Error("broken");
  }).catch((error: unknown) => order.push(String(error)));
  await begun.promise;
  const second = withLock(file, { purpose: "second", waitSeconds: 30 }, async () => order.push("second begins"));
  end.resolve();
  await Promise.all([first, second]);
  expect(order.filter((each) => each !== "Error: broken")).toEqual(["first ends", "second begins"]);
  expect(order).toContain("Error: broken");
});

test("a holder that is killed leaves the lock to the next one", async () => {
  const file = join(folder, "killed");
  const program = `import { withLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    await withLock(${JSON.stringify(file)}, { purpose: "killed", waitSeconds: 0 }, async () => {
      console.log("held");
      await new Promise(() => setInterval(() => undefined, 1_000));
    });`;
  const holder = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(await withLock(file, { purpose: "next", waitSeconds: 30 }, async () => "mine")).toBe("mine");
});
