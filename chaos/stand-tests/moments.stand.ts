/**
 * Moments that no experiment meets by its plan: a primary that hung goes on just when its replica is promoted, and a guardian is lost while it acts. What
 * clients saw and what is stored is judged as in experiments. Needs root, the lab, and a stand that is up and whole:
 * `RING_STAND=... bun test ./chaos/stand-tests/moments.stand.ts`. THAWS=50 and GUARDIAN_KILLS=200 are for a night; the default is two of each, a
 * minute or two each.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  bunProgram,
  byRole,
  CHECKOUT,
  cleanEnvironment,
  inNamespace,
  machineOf,
  must,
  openStand,
  programReport,
  readInventory,
  ringHome,
  runOrThrow,
  type Stand,
  type StandMachine,
  serviceUrl,
  startProgram,
  steadyState,
  waitFor,
} from "@goldenring/stand";
import * as z from "zod";
import { Lab } from "../../lab/src/index.ts";
import { checkHistory } from "../src/check/check.ts";
import { type EngineLock, takeEngineLock } from "../src/engine/lock.ts";
import { startObservers } from "../src/engine/observers.ts";
import { Experiment } from "../src/experiment/experiment.ts";
import { readHistory } from "../src/history/history.ts";
import { newRunName } from "../src/history/values.ts";
import { forgetValues, leftValues, storedOnAll } from "../src/stored/weather-rows.ts";

const THAWS = Number(process.env.THAWS ?? 2);
const KILLS = Number(process.env.GUARDIAN_KILLS ?? 2);
const RING = join(CHECKOUT, "ring");
const COMMAND = { deadlineMs: 60_000 };
/** Boot, rewind or a copy, and the guardian's cool-down. */
const STEADY_MS = 400_000;
/** Longer than a leader key lives without its owner. */
const TAKEOVER_MS = 60_000;
/** From a fault to the end of all that a guardian does about it, without the machine's way back. */
const FAULT_MS = 25_000;
/** A guardian's notes about a machine that it turned off: until it is on and forgotten. */
const NOTES_MS = 90_000;
setDefaultTimeout((Math.max(THAWS, KILLS) + 1) * (STEADY_MS + TAKEOVER_MS));

/** Only what its observers need. */
const WRITING = Experiment.parse({
  id: "moments",
  title: "Reads and writes",
  hypothesis: "Nothing is lost.",
  expectations: [{ words: "failed reads", metric: "failedReads", unit: "requests" }],
  load: { background: null },
  watch: { roles: false, haproxy: false, etcd: false },
  stages: [{ name: "moment", faults: [], seconds: 0 }],
});
const guardianReport = programReport(
  "guardian.json",
  z.object({ coolDownMs: z.number(), newest: z.array(z.object({ time: z.string(), event: z.string() })) }),
);

const lab = new Lab();
const scratch = mkdtempSync(join(tmpdir(), "goldenring-moments-"));
let stand: Stand;
let lock: EngineLock;
let target = "";

const ring = (...words: string[]) => runOrThrow([RING, ...words], { deadlineMs: 120_000, environment: process.env });

beforeAll(async () => {
  await ring("check", "--wait", "120");
  const { inventory: file } = z.object({ inventory: z.string() }).parse(JSON.parse(await ring("status", "--json")));
  const inventory = await readInventory(file);
  const folder = dirname(file);
  const guardian = () => {
    const report = guardianReport.read(folder);
    return report && Date.now() - Date.parse(report.aliveAt) < 5_000
      ? { ...report, recordedSince: () => "" }
      : undefined;
  };
  stand = openStand({ inventory, folder, lab, guardian });
  target = serviceUrl(stand) ?? "";
  lock = await takeEngineLock(folder, "moments");
});
afterAll(async () => {
  lock?.release();
  stand?.disconnect();
  rmSync(scratch, { recursive: true });
  await ring("guardian", "resume");
});

interface Pair {
  readonly primary: StandMachine;
  readonly replica: StandMachine;
}

async function steady() {
  const attempt = async () => {
    const found = await steadyState(stand, { cluster: true, guardian: "may act" });
    return "roles" in found ? { value: found.roles } : found;
  };
  return waitFor(attempt, { deadlineMs: STEADY_MS, everyMs: 1_000 });
}

/** Reads and writes while something happens, and then compares what clients were told with what both machines have. */
async function underLoad(number: number, work: (pair: Pair) => Promise<unknown>): Promise<void> {
  const { primary = "", replica = "" } = await steady();
  const values = newRunName();
  leftValues(stand.folder).add(values);
  const lost: string[] = [];
  const folder = join(scratch, `${number}-${values}`);
  const observers = startObservers({
    ...{ stand, experiment: WRITING, target, values, folder, lock },
    onLost: (why) => void lost.push(why),
  });
  try {
    await delay(3_000);
    await work({ primary: machineOf(stand, primary), replica: machineOf(stand, replica) });
    stand.disconnect();
    const after = await steady();
    await delay(1_000);
    await observers.stop();
    const history = await readHistory(observers.files.history);
    const { violations, acknowledgedWrites } = checkHistory(history, {
      nodes: await storedOnAll(stand, after, values),
    });
    expect({ lost, violations }).toEqual({ lost: [], violations: [] });
    expect(acknowledgedWrites).toBeGreaterThan(50);
    console.error(
      `${number}: ${primary} was the primary, now ${after.primary}; ${acknowledgedWrites} writes, all stored once`,
    );
    await forgetValues(stand, values);
  } finally {
    await observers.stop().catch(() => {});
  }
}

const pick = <Value>(values: readonly Value[], index: number): Value => {
  const value = values[index % values.length];
  if (value === undefined) throw new Error("nothing to choose from");
  return value;
};
const signalAll = (signal: "STOP" | "CONT", machine: StandMachine) =>
  machine.run(`systemctl kill --signal=${signal} patroni`, COMMAND);

/** Resolves at the moment when the machine has the leader key. */
async function takesTheKey({ name }: StandMachine): Promise<void> {
  const [etcd] = byRole(stand, "etcd");
  if (etcd === undefined) throw new Error("the stand has no etcd");
  const key = `ring-etcdctl get --print-value-only /service/${stand.name}/leader`;
  await must(etcd, `until [ "$(${key})" = ${name} ]; do sleep 0.02; done`, { deadlineMs: TAKEOVER_MS });
}

/** Resolves when the guardian notes one of these after the moment. */
async function decides(event: RegExp, since: number): Promise<void> {
  const isNoted = () =>
    guardianReport.read(stand.folder)?.newest.some((each) => Date.parse(each.time) >= since && event.test(each.event));
  await waitFor(async () => (isNoted() ? { value: true } : { missing: `the guardian notes ${event}` }), {
    ...{ deadlineMs: TAKEOVER_MS, everyMs: 10 },
  });
}

async function stallDisk({ name }: StandMachine) {
  const { inject, undo } = await lab.diskFault(name, { kind: "stall" });
  await runOrThrow(["sh", "-c", inject], COMMAND);
  return () => runOrThrow(["sh", "-c", undo], COMMAND);
}

const MOMENTS = [
  {
    of: "Patroni: it goes on when its replica has the leader key",
    async run({ primary, replica }: Pair): Promise<void> {
      await ring("guardian", "pause");
      try {
        await signalAll("STOP", primary);
        try {
          await takesTheKey(replica);
          // The promotion takes that long.
          await delay(Math.random() * 500);
        } finally {
          await signalAll("CONT", primary);
        }
        await delay(10_000);
      } finally {
        await ring("guardian", "resume");
      }
    },
  },
  {
    of: "the guardian: the disk goes on when it fences",
    async run({ primary }: Pair): Promise<void> {
      const since = Date.now();
      const thaw = await stallDisk(primary);
      try {
        await decides(/^fencing$/, since);
        await delay(Math.random() * 300);
      } finally {
        await thaw();
      }
      await delay(5_000);
    },
  },
] as const;

test(`of a primary that goes on at the moment of its replica's promotion, ${THAWS} times, nothing is lost and nothing doubled`, async () => {
  for (let number = 1; number <= THAWS; number += 1) {
    const { of, run } = pick(MOMENTS, number);
    console.error(`${number} of ${THAWS}: ${of}`);
    await underLoad(number, run);
  }
});

/** What a guardian acts on in each of its ways. @returns what ends the fault */
const FAULTS: readonly ((pair: Pair) => Promise<() => Promise<unknown>>)[] = [
  ({ primary }) => stallDisk(primary),
  async ({ primary }) => {
    const clients = [...byRole(stand, "haproxy"), ...byRole(stand, "api")];
    for (const { name } of clients) await lab.cut(primary.name, { from: name, port: 5_432 });
    return () => lab.heal(primary.name);
  },
  async ({ primary }) => {
    await lab.powerOff(primary.name);
    return () => lab.powerOn(primary.name);
  },
  async ({ replica }) => {
    await signalAll("STOP", replica);
    return () => signalAll("CONT", replica);
  },
];

/** As `ring up` does, but without turning machines on: that is the next guardian's part. */
function startGuardian(): void {
  const { inventory } = stand;
  if (inventory === undefined) throw new Error("the stand has no inventory");
  const words = bunProgram(join(CHECKOUT, "cli/src/main.ts"), "guardian", "--watch-lab", inventory.file);
  const env = { ...cleanEnvironment(), RING_HOME: ringHome() };
  startProgram(inNamespace(inventory, words), { detached: true, env, stdio: "ignore" }).unref();
}

/** Kills the guardian, or stops it for a while. */
async function loseGuardian(isKilled: boolean): Promise<void> {
  const pid = guardianReport.read(stand.folder)?.pid;
  if (pid === undefined) throw new Error("there is no guardian");
  process.kill(pid, isKilled ? "SIGKILL" : "SIGSTOP");
  // Also longer than its lock in etcd lives.
  await delay(Math.random() * 15_000);
  if (isKilled) startGuardian();
  else process.kill(pid, "SIGCONT");
}

/** What guardians have noted or closed and not taken back. */
async function leftByGuardians(): Promise<string[]> {
  const [etcd] = byRole(stand, "etcd");
  if (etcd === undefined) return ["the stand has no etcd"];
  const notes = await must(etcd, `ring-etcdctl get --prefix --keys-only /guardian/${stand.name}/`, COMMAND);
  const kept = notes.split("\n").filter((key) => /\/(?:lock|off\/.*)$/.test(key));
  const closed = byRole(stand, "postgres").map(async (machine) => {
    const { stdout } = await machine.run("nft list set inet guardian refused 2>/dev/null | grep expires", COMMAND);
    return stdout.trim() === "" ? [] : [`${machine.name} refuses ${stdout.trim()}`];
  });
  return [...kept, ...(await Promise.all(closed)).flat()];
}

test(`guardians that are killed or stopped at random moments, ${KILLS} times, leave nothing half done`, async () => {
  for (let number = 1; number <= KILLS; number += 1) {
    const isKilled = Math.random() < 0.5;
    const afterMs = Math.round(Math.random() * 6_000);
    console.error(
      `${number} of ${KILLS}: fault ${number % FAULTS.length}, ${isKilled ? "killed" : "stopped"} after ${afterMs} ms`,
    );
    await underLoad(number, async (pair) => {
      const end = await pick(FAULTS, number)(pair);
      try {
        await Promise.all([delay(FAULT_MS), delay(afterMs).then(() => loseGuardian(isKilled))]);
      } finally {
        await end();
      }
    });
    const attempt = async () => {
      const left = await leftByGuardians();
      return left.length === 0 ? { value: true } : { missing: `the end of ${left.join(", ")}` };
    };
    await waitFor(attempt, { deadlineMs: NOTES_MS, everyMs: 1_000 });
  }
});
