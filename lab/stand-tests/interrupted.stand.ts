import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { leftovers } from "./footprint.ts";
import { FOLDER, lab, outputOf, STAND, UP } from "./stand-of-tests.ts";

const MINUTE_MS = 60_000;
/** Of an `up` with new disks, which takes 4 to 10 s; most happens in the first 2 s. */
const MOMENTS_MS = [
  50, 150, 250, 300, 350, 400, 450, 500, 550, 600, 700, 800, 1_000, 1_200, 1_500, 2_000, 3_000, 4_500,
];
const ROUNDS = Number(process.env.ROUNDS ?? MOMENTS_MS.length);

beforeAll(async () => {
  // With the golden image built, the interrupted part is the making of the stand.
  await lab.destroy();
  await lab.up(UP);
  await lab.destroy();
}, 15 * MINUTE_MS);

afterAll(() => lab.destroy(), MINUTE_MS);

/** Ends `up` after that time, as `kill -9` or a crash of the terminal would. */
async function killedUp(afterMs: number, signal: NodeJS.Signals): Promise<void> {
  const program = fileURLToPath(new URL("up-program.ts", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await delay(afterMs);
  child.kill(signal);
  await ended;
}

test(
  "after a run that is killed at any moment, down takes less than 20 s and leaves nothing",
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const moment = (MOMENTS_MS[round % MOMENTS_MS.length] ?? 0) + Math.random() * 60;
      await killedUp(moment, "SIGKILL");
      const started = performance.now();
      await lab.down();
      expect({ moment, slow: performance.now() - started > 20_000 }).toEqual({ moment, slow: false });
      expect({ moment, left: await leftovers(STAND, FOLDER) }).toEqual({ moment, left: [] });
      // Half of the rounds start with what the round before has made.
      if (round % 2 === 0) await lab.destroy();
    }
  },
  15 * MINUTE_MS,
);

test(
  "after a killed up the next up works without a down in between",
  async () => {
    for (const moment of [200, 400, 600, 900]) {
      await killedUp(moment, "SIGKILL");
      await lab.up(UP);
      expect(await outputOf("pg-01", "hostname")).toBe("pg-01");
      await lab.destroy();
    }
  },
  5 * MINUTE_MS,
);

test(
  "an interrupted snapshot does not appear in the list, and the machines run again after up",
  async () => {
    await lab.up(UP);
    const interrupt = new AbortController();
    const saving = lab.snapshots.save("broken", {
      signal: interrupt.signal,
      onProgress: (step) => {
        if (step.startsWith("copying")) interrupt.abort(new Error("interrupted"));
      },
    });
    await expect(saving).rejects.toThrow("interrupted");
    expect(await lab.snapshots.list()).toEqual([]);
    await lab.up();
    expect((await lab.status()).map(({ state }) => state)).toEqual(["running", "running", "running"]);
  },
  2 * MINUTE_MS,
);

test(
  "down removes what is left of killed supervisors, launchers and lxcfs",
  async () => {
    const { processesOf, findStandGroups, hostGroup } = await import("../src/machine/groups.ts");
    const groups = await findStandGroups(`ring-${STAND}`, []);
    for (const pid of await processesOf([hostGroup(groups, "pg-01")])) process.kill(pid, "SIGKILL");
    const launcher = Number((await Bun.file(`${FOLDER}/machines/api-01/nspawn.pid`).text()).split(" ")[0]);
    process.kill(launcher, "SIGKILL");
    await lab.down();
    expect(await leftovers(STAND, FOLDER)).toEqual([]);
    await lab.up();
    expect(await outputOf("pg-01", "hostname")).toBe("pg-01");
  },
  2 * MINUTE_MS,
);
