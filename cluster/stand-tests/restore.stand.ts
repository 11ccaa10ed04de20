/**
 * Restores on a real stand under load, through the command `ring`: each row is compared with what was acknowledged at the moment. Needs root
 * and a stand that is up and whole: `RING_STAND=... bun test ./cluster/stand-tests/restore.stand.ts`. It takes ten minutes, and adds and removes
 * cities. RESTORE_KILLS=50 kills as many restores at random moments instead of two.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram, startProgram } from "../../stand/src/index.ts";

const RING = join(dirname(dirname(import.meta.dirname)), "ring");
const RESTORE_MS = 900_000;
const KILLS = Number(process.env.RESTORE_KILLS ?? 2);
/** Until a killed restore has ended: the leader key's lease, and the start of Patroni. */
const SERVES_AGAIN_MS = 240_000;
setDefaultTimeout((KILLS + 4) * 300_000);
/** Of the rows of this run: those of earlier ones may still be there. */
const PREFIX = `restore-${Date.now()}-`;

interface Row {
  readonly name: string;
  readonly sentAt: number;
  /** Infinity until it is acknowledged. */
  ackedAt: number;
}

interface Restore {
  readonly to: number;
  readonly from: number;
  readonly until: number;
}

const rows: Row[] = [];
const restores: Restore[] = [];
const failures: string[] = [];
let longestGapMs = 0;
let api = "";
let isWriting = true;
let writing: Promise<void>;

beforeAll(async () => {
  const { stdout } = await runProgram([RING, "status", "--json"], { deadlineMs: 30_000 });
  api = JSON.parse(stdout).endpoints.api;
  await backUp();
  writing = write();
});

afterAll(async () => {
  isWriting = false;
  await writing;
});

async function write(): Promise<void> {
  for (let number = 0, last = Date.now(); isWriting; number++) {
    const row = { name: `${PREFIX}${number}`, sentAt: Date.now(), ackedAt: Number.POSITIVE_INFINITY };
    rows.push(row);
    const body = JSON.stringify({ name: row.name });
    const headers = { "content-type": "application/json" };
    try {
      const answer = await fetch(`${api}/Cities`, { method: "POST", body, headers });
      if (answer.ok) row.ackedAt = Date.now();
      else failures.push(`${answer.status} ${await answer.text()}`);
    } catch (error) {
      failures.push(String(error));
    }
    longestGapMs = Math.max(longestGapMs, Date.now() - last);
    last = Date.now();
    await delay(100);
  }
}

/** What must be there, and what may be, at a moment. */
function stateAt(moment: number): { must: Set<string>; may: Set<string> } {
  const restore = restores.findLast(({ until }) => until <= moment);
  const base = restore ? stateAt(restore.to) : { must: new Set<string>(), may: new Set<string>() };
  const since = restore?.from ?? 0;
  for (const { name, sentAt, ackedAt } of rows) {
    if (sentAt > moment || ackedAt < since) continue;
    // While the restore ran, a row was in the old data or in the new ones.
    const isCertain = ackedAt <= moment && sentAt >= (restore?.until ?? 0);
    (isCertain ? base.must : base.may).add(name);
  }
  return base;
}

async function names(): Promise<Set<string>> {
  const answer = await fetch(`${api}/Cities`);
  const cities = (await answer.json()) as { name: string }[];
  return new Set(cities.map(({ name }) => name).filter((name) => name.startsWith(PREFIX)));
}

function differences(found: Set<string>, { must, may }: ReturnType<typeof stateAt>, until: number) {
  const late = new Set(rows.filter(({ ackedAt }) => ackedAt > until).map(({ name }) => name));
  return {
    missing: [...must].filter((name) => !found.has(name)),
    surplus: [...found].filter((name) => !must.has(name) && !may.has(name) && !late.has(name)),
  };
}

const ring = (...args: string[]) => runProgram([RING, ...args], { deadlineMs: RESTORE_MS });
const iso = (moment: number): string => new Date(moment).toISOString();

async function must(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await ring(...args);
  if (code !== 0) throw new Error(`ring ${args.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

async function backUp(): Promise<void> {
  await must("ssh", "prometheus", "systemctl start goldenring-backup@full");
}

async function restoreTo(moment: number): Promise<void> {
  const from = Date.now();
  longestGapMs = 0;
  await must("restore", "--to", iso(moment), "--yes");
  const until = Date.now();
  const found = await names();
  expect(differences(found, stateAt(moment), from)).toEqual({ missing: [], surplus: [] });
  restores.push({ to: moment, from, until });
  console.log(`restored in ${Math.round((until - from) / 1_000)} s; longest wait of a write ${longestGapMs} ms`);
}

/** A moment between two rows: enough is written before and after it. */
async function moment(): Promise<number> {
  await delay(3_000);
  const now = Date.now();
  await delay(2_000);
  return now;
}

async function switchover(): Promise<void> {
  await must("ssh", "pg-01", "patronictl switchover --force");
  await must("check", "--wait", "120");
}

test("what cannot work is refused, and the cluster serves on", async () => {
  const wrongZone = await ring("restore", "--to", iso(Date.now() + 3_600_000));
  expect(wrongZone).toMatchObject({ code: 2, stderr: expect.stringContaining("in the future") });
  const noBackup = await ring("restore", "--to", "2000-01-01 00:00:00+00", "--yes");
  expect(noBackup).toMatchObject({ code: 1, stderr: expect.stringContaining("no backup ended before that") });
  const noTimeline = await ring("restore", "--to-latest", "--timeline", "999", "--yes");
  expect(noTimeline).toMatchObject({ code: 1, stderr: expect.stringContaining("no timeline 999") });
  expect(failures).toEqual([]);
});

test("moments on several timelines are restored in any order, with failovers between, and no write fails", async () => {
  const first = await moment();
  await switchover();
  const second = await moment();
  await restoreTo(first);
  const third = await moment();
  // What was given up, on the timeline that was left.
  await restoreTo(second);
  await switchover();
  await restoreTo(third);
  await restoreTo(first);
  expect(failures).toEqual([]);
});

test("the state of then is readable beside the live one, and is removed", async () => {
  const then = await moment();
  await ring("restore", "--drop", "try");
  await must("restore", "--to", iso(then), "--into", "try");
  const status = JSON.parse(await must("status", "--json"));
  const replica = status.cluster.members.find((each: { name: string }) => each.name !== status.cluster.leader).name;
  const query = (statement: string) =>
    ring("ssh", replica, `psql -XAt -p 5440 -U weather_owner -d weather -c "${statement}"`);
  const { stdout } = await query("SELECT name FROM cities WHERE name LIKE 'restore-%'");
  expect(differences(new Set(stdout.trim().split("\n")), stateAt(then), then)).toEqual({ missing: [], surplus: [] });
  expect(await query("DELETE FROM cities")).toMatchObject({ stderr: expect.stringContaining("read-only") });
  await must("restore", "--drop", "try");
  expect(await query("SELECT 1")).not.toMatchObject({ code: 0 });
});

test("the restore test reports its success", async () => {
  await must("ssh", "pg-01", "systemctl start goldenring-restore-test");
  await must("ssh", "pg-02", "systemctl start goldenring-restore-test");
  const metrics = "cat /var/lib/prometheus/node-exporter/goldenring-restore-test.prom";
  const texts = [await ring("ssh", "pg-01", metrics), await ring("ssh", "pg-02", metrics)].map(({ stdout }) => stdout);
  expect(texts.filter((text) => text.includes("goldenring_restore_test_success 1"))).toHaveLength(1);
});

test("a killed restore leaves the cluster as before or as after", async () => {
  for (let round = 0; round < KILLS; round++) {
    const then = await moment();
    const from = Date.now();
    const child = startProgram([RING, "restore", "--to", iso(then), "--yes"], {
      env: process.env,
      detached: true,
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const afterMs = Math.random() * 60_000;
    await Promise.race([ended, delay(afterMs)]);
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await ended;
    await must("check", "--wait", String(SERVES_AGAIN_MS / 1_000));
    const until = Date.now();
    const found = await names();
    const asAfter = differences(found, stateAt(then), from);
    const asBefore = differences(found, stateAt(from), from);
    const isAfter = asAfter.missing.length + asAfter.surplus.length === 0;
    console.log(`killed after ${Math.round(afterMs)} ms: as ${isAfter ? "after" : "before"}`);
    expect(isAfter ? asAfter : asBefore).toEqual({ missing: [], surplus: [] });
    if (isAfter) restores.push({ to: then, from, until });
  }
  await restoreTo(await moment());
});
