import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { waitUntil } from "../src/host/processes.ts";
import { footprint } from "./footprint.ts";
import { FOLDER, lab, outputOf, STAND, UP } from "./stand-of-tests.ts";

const MINUTE = 60_000;
/** Of an `up` with new disks, which takes 4 to 10 s; 0 to 2 s is where it does most. */
const MOMENTS = [50, 150, 250, 300, 350, 400, 450, 500, 550, 600, 700, 800, 1_000, 1_200, 1_500, 2_000, 3_000, 4_500];
const ROUNDS = Number(process.env.ROUNDS ?? MOMENTS.length);

beforeAll(async () => {
  // With the golden image there, what is interrupted is the making of the stand.
  await lab.destroy();
  await lab.up(UP);
  await lab.destroy();
}, 15 * MINUTE);

afterAll(() => lab.destroy(), MINUTE);

/** Ends `up` after that time, as `kill -9` or a crash of the terminal would. */
async function killedUp(milliseconds: number, signal: NodeJS.Signals): Promise<void> {
  const program = fileURLToPath(new URL("up-program.ts", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await delay(milliseconds);
  child.kill(signal);
  await ended;
}

/** What a killed run had started (mkfs, ssh-keygen) may need a moment to end by itself. */
async function leftovers(): Promise<readonly string[]> {
  await waitUntil(async () => (await footprint(STAND, FOLDER)).length === 0, 3_000, 200);
  return footprint(STAND, FOLDER);
}

test(
  "a run that is killed at any moment leaves nothing behind after down, which takes less than 20 s",
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const moment = (MOMENTS[round % MOMENTS.length] ?? 0) + Math.random() * 60;
      await killedUp(moment, "SIGKILL");
      const started = performance.now();
      await lab.down();
      expect({ moment, slow: performance.now() - started > 20_000 }).toEqual({ moment, slow: false });
      expect({ moment, left: await leftovers() }).toEqual({ moment, left: [] });
      // Half of the rounds begin with what the one before has made.
      if (round % 2 === 0) await lab.destroy();
    }
  },
  15 * MINUTE,
);

test(
  "the next up works whatever the killed one left, and down is not needed between them",
  async () => {
    for (const moment of [200, 400, 600, 900]) {
      await killedUp(moment, "SIGKILL");
      await lab.up(UP);
      expect(await outputOf("pg-01", "hostname")).toBe("pg-01");
      await lab.destroy();
    }
  },
  5 * MINUTE,
);

test(
  "a snapshot that is interrupted leaves none of that name, and the machines run again after up",
  async () => {
    await lab.up(UP);
    const interrupt = new AbortController();
    const saving = lab.snapshots.save("broken", {
      signal: interrupt.signal,
      onProgress: (step) => {
        if (step.startsWith("copying")) interrupt.abort(new Error("interrupted"));
      },
    });
    expect(saving).rejects.toThrow("interrupted");
    await saving.catch(() => {});
    expect(await lab.snapshots.list()).toEqual([]);
    await lab.up();
    expect((await lab.status()).map(({ state }) => state)).toEqual(["running", "running", "running"]);
  },
  2 * MINUTE,
);

test(
  "what was killed while the stand ran is gone after down: supervisors, launchers, lxcfs",
  async () => {
    const { processesOf, findStandGroups, hostGroup } = await import("../src/machine/groups.ts");
    const groups = await findStandGroups(`ring-${STAND}`, []);
    for (const pid of await processesOf([hostGroup(groups, "pg-01")])) process.kill(pid, "SIGKILL");
    const launcher = Number((await Bun.file(`${FOLDER}/machines/api-01/nspawn.pid`).text()).split(" ")[0]);
    process.kill(launcher, "SIGKILL");
    await lab.down();
    expect(await leftovers()).toEqual([]);
    await lab.up();
    expect(await outputOf("pg-01", "hostname")).toBe("pg-01");
  },
  2 * MINUTE,
);
