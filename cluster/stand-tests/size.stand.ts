/**
 * Another size of the API under load: nothing fails meanwhile, and every replica has the limits that were asked for. Needs root and a stand of the usual
 * size that is up and whole: `RING_STAND=... bun test ./cluster/stand-tests/size.stand.ts`. Takes a quarter of an hour.
 */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readInventory } from "../../stand/src/index.ts";
import { Load } from "./load.fixture.ts";
import { openStand, ring, ringOrThrow, runOrThrow } from "./stand.fixture.ts";

setDefaultTimeout(1_800_000);

const { api, inventory } = await openStand();
const load = new Load(api);
afterAll(() => load.stop());

const CHANGES = [
  { replicas: 5, memoryMiB: 128 },
  { replicas: 3, memoryMiB: 128 },
  { replicas: 3, memoryMiB: 256 },
  // Both at once.
  { replicas: 4, memoryMiB: 128 },
  { replicas: 3, memoryMiB: 128 },
] as const;

test.each(CHANGES)("a stand that serves gets $replicas replicas of $memoryMiB MiB", async ({ replicas, memoryMiB }) => {
  await ringOrThrow("up", "--replicas", String(replicas), "--replica-memory", String(memoryMiB));
  const machines = (await readInventory(inventory.file)).byRole("api");
  expect(machines).toHaveLength(replicas);
  for (const machine of machines) {
    expect(await runOrThrow(machine, "awk '/MemTotal/ {print $2 / 1024}' /proc/meminfo")).toBe(String(memoryMiB));
    expect(await runOrThrow(machine, "grep MODEL_MEMORY /etc/goldenring/api.env")).toEndWith(`=${memoryMiB - 80}`);
  }
  expect((await ring("check", "--wait", "60")).stdout).toBe("all is well\n");
  expect(load.failures).toEqual([]);
});

test("every acknowledged write is there", async () => {
  await load.stop();
  const names = await load.names();
  expect(load.rows.filter(({ name, ackedAt }) => ackedAt < Number.POSITIVE_INFINITY && !names.has(name))).toEqual([]);
  console.log(
    `${load.rows.length} writes, longest ${load.longestWriteMs} ms; ${load.reads} reads, ${load.longestReadMs} ms`,
  );
});

test("a size that is not possible is refused, and changes nothing", async () => {
  const { code, stderr } = await ring("up", "--replicas", "31");
  expect([code, stderr]).toEqual([2, expect.stringContaining("31 replicas: 1 to 30 are possible.")]);
  expect((await readInventory(inventory.file)).byRole("api")).toHaveLength(3);
});
