/**
 * Restores on a real stand under load, through the command `ring`: each row is compared with what was acknowledged at the moment. Needs root
 * and a stand that is up and whole: `RING_STAND=... bun test ./cluster/stand-tests/restore.stand.ts`. It takes ten minutes, and adds and removes
 * cities. RESTORE_TIMELINES=7 takes moments on as many timelines instead of three, RESTORE_KILLS=50 kills as many restores instead of three.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { Lab } from "../../lab/src/index.ts";
import { record, seconds } from "./figures.fixture.ts";
import { Load } from "./load.fixture.ts";
import { asPostgres, openStand, readStatus, ring, ringOrThrow, startRing } from "./stand.fixture.ts";

const KILLS = Number(process.env.RESTORE_KILLS ?? 3);
const TIMELINES = Number(process.env.RESTORE_TIMELINES ?? 3);
/** Until a killed restore has ended: the leader key's lease, and the start of Patroni. */
const SERVES_AGAIN_S = 240;
/** Of a machine that lost its power. */
const OFF_MS = 3_000;
/** A restore that goes on without a machine waits for it. */
const GOES_ON_MS = 180_000;
/** At most; killed later it has ended. */
const RESTORE_MS = 45_000;
const SWITCH_MS = 15_000;
setDefaultTimeout((Math.max(KILLS, TIMELINES) + 4) * 300_000);

interface Restore {
  readonly to: number;
  readonly from: number;
  readonly until: number;
}

const { api, machine } = await openStand();
const lab = new Lab();
const restores: Restore[] = [];
const waitsMs: number[] = [];
let load: Load;

beforeAll(async () => {
  await ringOrThrow("backup", "now", "--type", "full");
  load = new Load(api);
});

afterAll(() => load.stop());

/** What must be there, and what may be, at a moment. */
function stateAt(moment: number): { must: Set<string>; may: Set<string> } {
  const restore = restores.findLast(({ until }) => until <= moment);
  const base = restore ? stateAt(restore.to) : { must: new Set<string>(), may: new Set<string>() };
  const since = restore?.from ?? 0;
  for (const { name, sentAt, ackedAt } of load.rows) {
    if (sentAt > moment || ackedAt < since) continue;
    // While the restore ran, a row was in the old data or in the new ones.
    const isCertain = ackedAt <= moment && sentAt >= (restore?.until ?? 0);
    (isCertain ? base.must : base.may).add(name);
  }
  return base;
}

function differences(found: Set<string>, { must, may }: ReturnType<typeof stateAt>, until: number) {
  const late = new Set(load.rows.filter(({ ackedAt }) => ackedAt > until).map(({ name }) => name));
  return {
    missing: [...must].filter((name) => !found.has(name)),
    surplus: [...found].filter((name) => !must.has(name) && !may.has(name) && !late.has(name)),
  };
}

const iso = (moment: number): string => new Date(moment).toISOString();

async function restoreTo(moment: number, how = ["--to", iso(moment)]): Promise<void> {
  const from = Date.now();
  load.longestWriteMs = 0;
  await ringOrThrow("restore", ...how, "--yes");
  const until = Date.now();
  expect(differences(await load.names(), stateAt(moment), from)).toEqual({ missing: [], surplus: [] });
  restores.push({ to: moment, from, until });
  waitsMs.push(load.longestWriteMs);
  console.log(`restored in ${seconds(until - from)}; longest wait of a write ${load.longestWriteMs} ms`);
}

/** A moment between two rows: enough is written before and after it. */
async function moment(): Promise<number> {
  await delay(3_000);
  const now = Date.now();
  await delay(2_000);
  return now;
}

const replicaIn = ({ cluster }: Awaited<ReturnType<typeof readStatus>>): string =>
  cluster.members.find(({ name }) => name !== cluster.leader)?.name ?? "";

const well = () => ringOrThrow("check", "--wait", String(SERVES_AGAIN_S));

async function loseMachine(name: string): Promise<void> {
  await lab.powerOff(name);
  await delay(OFF_MS);
  await lab.powerOn(name);
  await lab.waitUntilReachable([name]);
}

/** In turn a switchover, and a primary that loses its power. */
async function failover(isSwitchover: boolean): Promise<void> {
  if (isSwitchover) await ringOrThrow("ssh", "pg-01", "patronictl switchover --force");
  else await loseMachine((await readStatus()).cluster.leader);
  await well();
}

function shuffled<T>(values: readonly T[]): T[] {
  const keys = new Map(values.map((value) => [value, Math.random()]));
  return values.toSorted((one, other) => (keys.get(one) ?? 0) - (keys.get(other) ?? 0));
}

test("what cannot work is refused, and the cluster serves on", async () => {
  const wrongZone = await ring("restore", "--to", iso(Date.now() + 3_600_000));
  expect(wrongZone).toMatchObject({ code: 2, stderr: expect.stringContaining("in the future") });
  const noBackup = await ring("restore", "--to", "2000-01-01 00:00:00+00", "--yes");
  expect(noBackup).toMatchObject({ code: 1, stderr: expect.stringContaining("no backup ended before that") });
  const noTimeline = await ring("restore", "--to-latest", "--timeline", "999", "--yes");
  expect(noTimeline).toMatchObject({ code: 1, stderr: expect.stringContaining("no timeline 999") });
  expect(load.failures).toEqual([]);
});

test(`moments on ${TIMELINES} timelines are restored in any order, with failovers between, and no write fails`, async () => {
  const moments = [await moment()];
  while (moments.length < TIMELINES) {
    // Each third timeline is that of a restore, and begins in what others gave up.
    const [before] = moments.length % 3 === 2 ? shuffled(moments) : [];
    if (before === undefined) await failover(moments.length % 3 === 0);
    else await restoreTo(before);
    moments.push(await moment());
  }
  for (const [index, then] of shuffled(moments).entries()) {
    await restoreTo(then);
    if (index % 3 === 0) await failover(index % 2 === 0);
  }
  expect(load.failures).toEqual([]);
  const waits = waitsMs.map(seconds).join(", ");
  await record("Restores over timelines", "restore", {
    "restores, each row compared": String(waitsMs.length),
    "timelines of the moments": String(TIMELINES),
    "longest wait of a write, for each restore": waits,
    "requests that failed": `${load.failures.length} of ${load.rows.length + load.reads}`,
  });
});

test("the state before a position in the WAL is restored", async () => {
  const now = "pg_current_wal_insert_lsn(), (1000 * extract(epoch FROM clock_timestamp()))::bigint";
  const found = await asPostgres(machine((await readStatus()).cluster.leader), `SELECT ${now}`);
  const [position = "", at] = found.split("|");
  await moment();
  await restoreTo(Number(at), ["--to-before", position]);
});

test("the state of then is readable beside the live one, and is removed", async () => {
  const then = await moment();
  await ring("restore", "--drop", "try");
  await ringOrThrow("restore", "--to", iso(then), "--into", "try");
  const replica = replicaIn(await readStatus());
  const query = (statement: string) =>
    ring("ssh", replica, `psql -XAt -p 5440 -U weather_owner -d weather -c "${statement}"`);
  const { stdout } = await query("SELECT name FROM cities WHERE name LIKE 'restore-%'");
  const found = new Set(
    stdout
      .trim()
      .split("\n")
      .filter((name) => name.startsWith(load.prefix)),
  );
  expect(differences(found, stateAt(then), then)).toEqual({ missing: [], surplus: [] });
  expect(await query("DELETE FROM cities")).toMatchObject({ stderr: expect.stringContaining("read-only") });
  await ringOrThrow("restore", "--drop", "try");
  expect(await query("SELECT 1")).not.toMatchObject({ code: 0 });
});

test("the restore test reports its success", async () => {
  await ringOrThrow("ssh", "pg-01", "systemctl start goldenring-restore-test");
  await ringOrThrow("ssh", "pg-02", "systemctl start goldenring-restore-test");
  const metrics = "cat /var/lib/prometheus/node-exporter/goldenring-restore-test.prom";
  const texts = [await ring("ssh", "pg-01", metrics), await ring("ssh", "pg-02", metrics)].map(({ stdout }) => stdout);
  expect(texts.filter((text) => text.includes("goldenring_restore_test_success 1"))).toHaveLength(1);
});

test("a restore that is killed, or loses a machine, leaves the cluster as before or as after", async () => {
  const outcomes: string[] = [];
  for (let round = 0; round < KILLS; round++) {
    const then = await moment();
    const before = await readStatus();
    const victim = ["ring", replicaIn(before), before.cluster.leader][round % 3] ?? "ring";
    const from = Date.now();
    const restore = startRing("restore", "--to", iso(then), "--yes");
    // Two thirds of them while it switches, which is the shortest part.
    const isLate = Math.random() < 2 / 3;
    if (isLate) await restore.printed("Switch to it");
    const afterMs = Math.random() * (isLate ? SWITCH_MS : RESTORE_MS);
    await Promise.race([restore.ended, delay(afterMs)]);
    if (victim !== "ring") {
      await loseMachine(victim);
      await Promise.race([restore.ended, delay(GOES_ON_MS)]);
    }
    await restore.kill();
    await well();
    const until = Date.now();
    const found = await load.names();
    const asAfter = differences(found, stateAt(then), from);
    const asBefore = differences(found, stateAt(from), from);
    const isAfter = asAfter.missing.length + asAfter.surplus.length === 0;
    const when = `${Math.round(afterMs)} ms ${isLate ? "into the switch" : "after the start"}`;
    console.log(`${round + 1}: ${victim} lost ${when}: as ${isAfter ? "after" : "before"}`);
    outcomes.push(
      `${victim === "ring" ? "ring" : "machine"} ${isLate ? "late" : "early"} ${isAfter ? "after" : "before"}`,
    );
    expect(isAfter ? asAfter : asBefore).toEqual({ missing: [], surplus: [] });
    if (isAfter) restores.push({ to: then, from, until });
  }
  await restoreTo(Date.now(), ["--to-latest"]);
  const count = (...words: string[]) =>
    String(outcomes.filter((outcome) => words.every((word) => outcome.includes(word))).length);
  await record("Restores that were killed, or lost a machine", "restore", {
    "killed: ring and Ansible": count("ring"),
    "killed: a database machine's power": count("machine"),
    "of these while it switched": count("late"),
    "served as before": count("before"),
    "served as after": count("after"),
    neither: "0",
  });
});
