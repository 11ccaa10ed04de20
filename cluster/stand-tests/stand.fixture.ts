import { dirname, join } from "node:path";
import { type Inventory, type Machine, machineNamed, readInventory, runOn, runProgram } from "../../stand/src/index.ts";

export const CLUSTER = dirname(import.meta.dirname);
export const RING = join(dirname(CLUSTER), "ring");
export const COMMAND_MS = 60_000;
const LONG_COMMAND_MS = 300_000;

/** The stand that a test works on, which must be up and whole. */
export interface TestStand {
  readonly inventory: Inventory;
  readonly primary: Machine;
  readonly replica: Machine;
  readonly backupHost: Machine;
}

export async function openTestStand(): Promise<TestStand> {
  const { inventory: file, cluster } = JSON.parse(await ring("status", "--json"));
  const inventory = await readInventory(file);
  const find = (name: string | undefined): Machine => {
    const found = machineNamed(inventory, name ?? "");
    if (found === undefined) throw new Error(`the stand has no machine ${name}`);
    return found;
  };
  const other = inventory.byRole("postgres").find(({ name }) => name !== cluster.leader);
  return {
    inventory,
    primary: find(cluster.leader),
    replica: find(other?.name),
    backupHost: find(inventory.backupHost),
  };
}

/** @returns what it printed @throws {Error} when it failed */
export async function ring(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram([RING, ...args], { deadlineMs: LONG_COMMAND_MS });
  if (code !== 0) throw new Error(`ring ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

/** A shell command as root. @throws {Error} when it failed */
export async function on(where: Machine, command: string, deadlineMs = COMMAND_MS): Promise<string> {
  const { code, stdout, stderr } = await runOn(where, command, { deadlineMs });
  if (code !== 0) throw new Error(`${where.name}: ${command} ended with ${code}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** SQL as the superuser. */
export const asPostgres = (where: Machine, statement: string, deadlineMs = COMMAND_MS): Promise<string> =>
  on(where, `cd / && runuser -u postgres -- psql -XAtq -c "${statement}"`, deadlineMs);
