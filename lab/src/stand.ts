import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Folders } from "./folders.ts";
import { waitUntil } from "./host/processes.ts";
import { imageFolder } from "./image/image.ts";
import { applyLimit, findStandGroups, makeGroups, type StandGroups } from "./machine/groups.ts";
import {
  isAtRest,
  isOff,
  killLeftovers,
  lastOutput,
  type Machine,
  powerOff,
  powerOn,
  pressPowerButton,
} from "./machine/power.ts";
import { namespaceFile, waitForSsh } from "./network/namespace.ts";
import { isNeededForStop, type PlannedMachine, PROVISIONING } from "./plan.ts";
import { LabProblem } from "./problem.ts";
import type { TaskOptions } from "./progress.ts";
import { readRuntime } from "./state/runtime.ts";
import { limitOf, machinesOf, readSettings, type Settings } from "./state/settings.ts";

/** A machine of the plan together with its place on this computer. */
export interface StandMachine extends PlannedMachine {
  readonly power: Machine;
}

/** A stand that exists on disk; whether it runs is asked each time anew. */
export interface Stand {
  readonly folders: Folders;
  readonly settings: Settings;
  readonly groups: StandGroups;
  readonly machines: readonly StandMachine[];
}

/** Boot, seconds of it under load, and the first answer of sshd. */
const BOOT_MS = 120_000;

/** @throws LabProblem when there is none */
export async function openStand(folders: Folders): Promise<Stand> {
  const settings = await readSettings(folders);
  if (!settings) throw new LabProblem("There is no stand yet: `ring up` makes one.");
  return standOf(folders, settings);
}

export async function standOf(folders: Folders, settings: Settings): Promise<Stand> {
  const groups = await findStandGroups(folders.namespace, (await readRuntime(folders)).cgroups);
  const machines = machinesOf(settings).map((machine) => ({
    ...machine,
    power: powerOf(folders, groups, machine.name, settings.image ?? ""),
  }));
  return { folders, settings, groups, machines };
}

export function powerOf(folders: Folders, groups: StandGroups, name: string, image: string): Machine {
  return {
    name,
    folder: folders.machine(name),
    groups,
    namespace: folders.namespace,
    image: imageFolder(folders.images, image),
    supervisor: join(folders.stand, "supervisor.sh"),
  };
}

/** @throws LabProblem when the stand has no such machine */
export function machineOf({ machines }: Stand, name: string): StandMachine {
  const found = machines.find((machine) => machine.name === name);
  if (found) return found;
  throw new LabProblem(
    `The stand has no machine "${name}"; it has ${machines.map((machine) => machine.name).join(", ")}.`,
  );
}

/** So much of the time for stopping all machines is for those that stop last. */
const NEEDED_STOP_MS = 5_000;

export const isUp = ({ namespace }: Folders): boolean => existsSync(namespaceFile(namespace));

/** @throws LabProblem when the stand is down */
export function assertIsUp({ folders }: Stand): void {
  if (!isUp(folders)) throw new LabProblem("The stand is down: start it with `ring up`.");
}

export async function startMachine({ settings, groups }: Stand, machine: StandMachine): Promise<void> {
  await makeGroups(groups, machine.name);
  await applyLimit(groups, machine.name, limitOf(settings, machine, PROVISIONING));
  await powerOn(machine.power);
}

/** Starts them together and waits until all can be reached. One that ends while it boots gets a second try. */
export async function startMachines(
  stand: Stand,
  machines: readonly StandMachine[],
  { onProgress, signal }: TaskOptions,
): Promise<void> {
  if (machines.length === 0) return;
  onProgress?.(`starting ${namesOf(machines)}`);
  await all(machines, (machine) => startMachine(stand, machine));
  onProgress?.(`waiting for ${namesOf(machines)}`);
  await all(machines, async (machine) => {
    try {
      await waitForMachine(stand, machine, signal);
    } catch (problem) {
      if (signal?.aborted || !(await isOff(machine.power))) throw problem;
      onProgress?.(`${machine.name} ended while it booted: starting it once more`);
      await startMachine(stand, machine);
      await waitForMachine(stand, machine, signal);
    }
  });
}

/** @throws LabProblem naming those that cannot be reached by ssh, or that are off */
export async function waitForMachines(
  stand: Stand,
  machines: readonly StandMachine[],
  signal?: AbortSignal,
): Promise<void> {
  await all(machines, (machine) => waitForMachine(stand, machine, signal));
}

async function waitForMachine({ folders }: Stand, { name, address, power }: StandMachine, signal?: AbortSignal) {
  const enough = new AbortController();
  const deadline = performance.now() + BOOT_MS;
  const watch = setInterval(async () => {
    if (performance.now() > deadline || signal?.aborted || (await isOff(power))) enough.abort();
  }, 500);
  try {
    if (await waitForSsh(folders.namespace, address, enough.signal)) return;
  } finally {
    clearInterval(watch);
  }
  signal?.throwIfAborted();
  const why = (await isOff(power)) ? "is off" : `cannot be reached by ssh after ${BOOT_MS / 1_000} s`;
  throw new LabProblem(`${name} ${why}. The end of ${power.folder.console}:\n${await lastOutput(power)}`);
}

/**
 * Shuts them down cleanly, those that others need for that after the others: a primary that cannot give up its leader key or hand over
 * its last WAL to the backup does not stop for half a minute. Takes the power away from those that are not done by the deadline, which is for both together.
 */
export async function stopMachines(
  machines: readonly Machine[],
  deadlineMs: number,
  options: TaskOptions,
): Promise<void> {
  const needed = machines.filter(({ name }) => isNeededForStop(name));
  const others = machines.filter(({ name }) => !isNeededForStop(name));
  await stopTogether(others, deadlineMs - NEEDED_STOP_MS, options);
  await stopTogether(needed, NEEDED_STOP_MS, options);
}

async function stopTogether(
  machines: readonly Machine[],
  deadlineMs: number,
  { onProgress }: TaskOptions,
): Promise<void> {
  const busy = () => filterAsync(machines, async (machine) => !(await isAtRest(machine)));
  const running = await busy();
  if (running.length === 0) return;
  onProgress?.(`shutting down ${namesOf(running)}`);
  await all(running, pressPowerButton);
  if (!(await waitUntil(async () => (await busy()).length === 0, deadlineMs, 100))) {
    const late = await busy();
    onProgress?.(`taking the power from ${namesOf(late)}`);
    await all(late, powerOff);
  }
  await all(running, killLeftovers);
}

const namesOf = (machines: readonly { readonly name: string }[]): string => machines.map(({ name }) => name).join(", ");

export async function filterAsync<Item>(
  items: readonly Item[],
  condition: (item: Item) => Promise<boolean>,
): Promise<readonly Item[]> {
  const kept = await Promise.all(items.map(condition));
  return items.filter((_, index) => kept[index]);
}

/** All to their end, also when one fails; then the first failure is thrown. */
export async function all<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
