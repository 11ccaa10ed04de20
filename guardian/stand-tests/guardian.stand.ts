/**
 * The guardian on a real stand, through the command `ring`, as a user runs it. Needs root and a stand that is up and whole:
 * `RING_STAND=... bun test ./guardian/stand-tests/guardian.stand.ts`. Takes some five minutes.
 */
import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram } from "@goldenring/stand";
import * as z from "zod";
import { type Entry, guardianReport } from "../src/index.ts";

const RING = join(dirname(dirname(import.meta.dirname)), "ring");
setDefaultTimeout(300_000);

const Status = z.object({
  cluster: z.object({
    leader: z.string().nullable(),
    members: z.array(z.object({ name: z.string() })),
    guardian: z.object({ isRunning: z.boolean() }),
  }),
  endpoints: z.object({ api: z.string() }),
  inventory: z.string(),
});

async function ring(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram([RING, ...args], { deadlineMs: 120_000 });
  if (code !== 0) throw new Error(`ring ${args.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

async function readStand() {
  const { cluster, endpoints, inventory } = Status.parse(JSON.parse(await ring("status", "--json")));
  const leader = cluster.leader ?? "";
  const replica = cluster.members.find(({ name }) => name !== leader)?.name ?? "";
  const { isRunning: isGuarded } = cluster.guardian;
  return { leader, replica, api: endpoints.api, folder: dirname(inventory), isGuarded };
}

function entriesOf(folder: string): Entry[] {
  const lines = readFileSync(join(folder, "guardian.log"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** After an action the guardian only advises for a while; what it does then is not what is tested here. */
async function afterCoolDown(folder: string): Promise<void> {
  while ((guardianReport.read(folder)?.coolDownMs ?? 0) > 0) await delay(1_000);
}

/** What the guardian decided during the work. */
async function decisionsDuring(folder: string, work: () => Promise<void>): Promise<string[]> {
  const before = entriesOf(folder).length;
  await work();
  return entriesOf(folder)
    .slice(before)
    .map(({ machine, event }) => [machine, event].filter(Boolean).join(" "));
}

/** Writes one value after another until the work is done. @returns the longest time that a write took, in milliseconds */
async function longestWriteDuring(api: string, work: () => Promise<void>): Promise<number> {
  let isOver = false;
  let longest = 0;
  const body = JSON.stringify({ dateTime: 1_700_000_000, temperature: 1, summary: "guardian" });
  const writing = (async () => {
    while (!isOver) {
      const started = performance.now();
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${api}/Forecast/1`, { method: "POST", headers, body });
      await answer.text();
      if (!answer.ok) throw new Error(`a write was answered ${answer.status}`);
      longest = Math.max(longest, performance.now() - started);
      await delay(50);
    }
  })();
  await delay(1_000);
  await work();
  isOver = true;
  await writing;
  return Math.round(longest);
}

beforeEach(async () => {
  await ring("up");
  // A primary that has just taken over still makes checkpoints and clones its replica.
  await delay(3_000);
});

describe("a machine that is off", () => {
  const cases = [
    { of: "primary", acts: "leader key released", takesOver: true, offMs: 6_000, longestMs: 4_000 },
    { of: "replica", acts: "replication ended", takesOver: false, offMs: 4_000, longestMs: 2_500 },
  ] as const;
  test.each(cases)("the $of: writes wait less than $longestMs ms, and the right machine leads", async (expected) => {
    const { leader, replica, api, folder } = await readStand();
    const machine = expected.takesOver ? leader : replica;
    let longestMs = 0;
    const decisions = await decisionsDuring(folder, async () => {
      longestMs = await longestWriteDuring(api, async () => {
        await ring("power", "off", machine);
        await delay(expected.offMs);
      });
    });
    const after = await readStand();
    await ring("power", "on", machine);
    expect(decisions.toSorted()).toEqual(
      ["handled", "is off", expected.acts, "marked down"].toSorted().map((event) => `${machine} ${event}`),
    );
    expect(after.leader).toBe(expected.takesOver ? replica : leader);
    expect(longestMs).toBeLessThan(expected.longestMs);
    process.stderr.write(`${expected.of} off: longest write ${longestMs} ms\n`);
  });
});

describe("a primary that lives and does not serve", () => {
  // Others are experiments: CE-17 to CE-20.
  test("because it is cut off from everything: it is turned off first, and on again later", async () => {
    const { leader, replica, api, folder } = await readStand();
    await afterCoolDown(folder);
    let longestMs = 0;
    const decisions = await decisionsDuring(folder, async () => {
      longestMs = await longestWriteDuring(api, async () => {
        await ring("network", "cut", leader);
        await delay(12_000);
      });
    });
    await ring("network", "heal");
    expect((await readStand()).leader).toBe(replica);
    expect(decisions.indexOf(`${leader} turned off`)).toBeGreaterThan(-1);
    expect(decisions.indexOf(`${leader} turned off`)).toBeLessThan(decisions.indexOf(`${leader} leader key released`));
    expect(longestMs).toBeLessThan(8_000);
    await ring("check", "--wait", "120");
    process.stderr.write(`cut off: longest write ${longestMs} ms\n`);
  });
});

describe("nothing is decided about a machine", () => {
  test("that is cut off while the guardian is paused", async () => {
    const { leader, folder } = await readStand();
    await ring("guardian", "pause");
    try {
      const decisions = await decisionsDuring(folder, async () => {
        await ring("network", "cut", leader);
        await delay(8_000);
        await ring("network", "heal");
      });
      expect([...new Set(decisions)]).toEqual([`${leader} advises`]);
    } finally {
      await ring("guardian", "resume");
    }
    await ring("check", "--wait", "120");
    expect((await readStand()).leader).toBe(leader);
  });

  test("that reboots", async () => {
    const { replica, folder } = await readStand();
    const decisions = await decisionsDuring(folder, async () => {
      // The connection ends with the machine.
      await runProgram([RING, "ssh", replica, "systemctl reboot"], { deadlineMs: 30_000 });
      await delay(2_000);
      await ring("check", "--wait", "60");
    });
    expect(decisions).toEqual([]);
  });

  test("that was off while the guardian was held up, and is back when it looks again", async () => {
    const { replica, folder } = await readStand();
    const pid = guardianReport.read(folder)?.pid ?? 0;
    const decisions = await decisionsDuring(folder, async () => {
      process.kill(pid, "SIGSTOP");
      try {
        await ring("power", "off", replica);
        await delay(1_000);
        await ring("power", "on", replica);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await delay(2_000);
    });
    expect(decisions).toEqual([]);
  });
});

test("a guardian that was killed is missed, and the one that `ring up` starts instead fences", async () => {
  const { leader, replica, api, folder } = await readStand();
  process.kill(guardianReport.read(folder)?.pid ?? 0, "SIGKILL");
  const { code, stdout } = await runProgram([RING, "check"], { deadlineMs: 30_000 });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "the guardian is not running\n" });
  await ring("up");
  expect((await readStand()).isGuarded).toBe(true);
  const longest = await longestWriteDuring(api, async () => {
    await ring("power", "off", leader);
    await delay(6_000);
  });
  const after = await readStand();
  await ring("power", "on", leader);
  expect(after.leader).toBe(replica);
  expect(longest).toBeLessThan(4_000);
});
