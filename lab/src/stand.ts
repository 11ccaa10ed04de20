import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { waitUntil } from "@goldenring/stand";
import type { Folders } from "./folders.ts";
import { imageFolder } from "./image/image.ts";
import { endDiskFault, hasDiskFault } from "./machine/disk-fault.ts";
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
import { isNeededForStop, type PlannedMachine } from "./plan.ts";
import { readRuntime } from "./state/runtime.ts";
import { limitOf, machinesOf, readSettings, type Settings } from "./state/settings.ts";
import { filterAsync, forAll, namesOf, type TaskOptions } from "./task.ts";

/** A machine of the plan together with its place on this computer. */
export interface StandMachine extends PlannedMachine {
  readonly power: Machine;
}

/** A stand that exists on disk; whether its machines run is checked each time. */
export interface Stand {
  readonly folders: Folders;
  readonly settings: Settings;
  readonly groups: StandGroups;
  readonly machines: readonly StandMachine[];
}

/** For the boot under load and the first answer of sshd. */
const BOOT_MS = 120_000;
/** Of the time for shutting down all machines, the part for those that others need. */
const NEEDED_STOP_MS = 5_000;

/** @throws {CommandError} when there is none */
export async function openStand(folders: Folders): Promise<Stand> {
  const settings = await readSettings(folders);
  if (!settings) throw new CommandError("There is no stand yet: `ring up` makes one.", "noStand");
  return standOf(folders, settings);
}

export async function standOf(folders: Folders, settings: Settings): Promise<Stand> {
  const groups = await findStandGroups(folders.namespace, (await readRuntime(folders)).cgroups);
  const machines = machinesOf(settings).map((machine) => ({
    ...machine,
    power: powerOf(folders, groups, machine.name, {
      image: settings.image,
      programs: machine.isNode ? settings.programs : undefined,
    }),
  }));
  return { folders, settings, groups, machines };
}

/** @param made names in the folder of images; without them the machine cannot be started */
export function powerOf(
  folders: Folders,
  groups: StandGroups,
  name: string,
  { image = "", programs }: { readonly image?: string | undefined; readonly programs?: string | undefined } = {},
): Machine {
  const { namespace, supervisor, images } = folders;
  return {
    ...{ name, folder: folders.machine(name), groups, namespace, supervisor },
    image: imageFolder(images, image),
    programs: programs && join(imageFolder(images, programs), "bin"),
  };
}

/** @throws {CommandError} when the stand has no such machine */
export function machineOf({ machines }: Stand, name: string): StandMachine {
  const found = machines.find((machine) => machine.name === name);
  if (found) return found;
  throw new CommandError(`The stand has no machine "${name}"; it has ${namesOf(machines)}.`, "noStand");
}

export const isUp = ({ namespace }: Folders): boolean => existsSync(namespaceFile(namespace));

/** @throws {CommandError} when the stand is down */
export function assertIsUp({ folders }: Stand): void {
  if (!isUp(folders)) throw new CommandError("The stand is down: start it with `ring up`.", "noStand");
}

export async function statusOf({ settings }: Stand, machine: StandMachine) {
  const { name, role, address, diskGiB, power } = machine;
  const hasDisk = existsSync(power.folder.disk);
  const isRunning = hasDisk && !(await isOff(power));
  return {
    ...{ name, role, address, diskGiB },
    /** `missing`: it has no disk. */
    state: isRunning ? ("running" as const) : hasDisk ? ("off" as const) : ("missing" as const),
    /** Milliseconds since 1970; undefined unless it runs. */
    bootedAt: isRunning ? await lastStart(power.folder.events) : undefined,
    limit: limitOf(settings, machine),
  };
}
export type MachineStatus = Readonly<Awaited<ReturnType<typeof statusOf>>>;

async function lastStart(events: string): Promise<number | undefined> {
  const lines = (await readFile(events, "utf8").catch(() => "")).split("\n");
  const line = lines.findLast((each) => each.endsWith(" start"));
  return line === undefined ? undefined : Math.round(Number.parseFloat(line) * 1_000);
}

export const runningOf = (machines: readonly StandMachine[]): Promise<readonly StandMachine[]> =>
  filterAsync(machines, async ({ power }) => !(await isOff(power)));

/** Applies the limits of the settings to machines that run; the others get them when they start. */
export async function applyLimits({ groups, settings }: Stand, machines: readonly StandMachine[]): Promise<void> {
  await forAll(await runningOf(machines), (machine) => applyLimit(groups, machine.name, limitOf(settings, machine)));
}

export async function startMachine({ settings, groups }: Stand, machine: StandMachine): Promise<void> {
  await makeGroups(groups, machine.name);
  await applyLimit(groups, machine.name, limitOf(settings, machine));
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
  await forAll(machines, (machine) => startMachine(stand, machine));
  onProgress?.(`waiting for ${namesOf(machines)}`);
  await forAll(machines, async (machine) => {
    try {
      await waitForMachine(stand, machine, signal);
    } catch (error) {
      if (signal?.aborted || !(await isOff(machine.power))) throw error;
      onProgress?.(`${machine.name} ended while it booted: starting it once more`);
      await startMachine(stand, machine);
      await waitForMachine(stand, machine, signal);
    }
  });
}

/** @throws {CommandError} with a machine that is off or cannot be reached by ssh */
export async function waitForMachines(
  stand: Stand,
  machines: readonly StandMachine[],
  signal?: AbortSignal,
): Promise<void> {
  await forAll(machines, (machine) => waitForMachine(stand, machine, signal));
}

async function waitForMachine({ folders }: Stand, { name, address, power }: StandMachine, signal?: AbortSignal) {
  const enough = new AbortController();
  const watch = setInterval(async () => {
    if (signal?.aborted || (await isOff(power))) enough.abort();
  }, 500);
  try {
    if (await waitForSsh(folders.namespace, address, { deadlineMs: BOOT_MS, signal: enough.signal })) return;
  } finally {
    clearInterval(watch);
  }
  signal?.throwIfAborted();
  const why = (await isOff(power)) ? "is off" : `cannot be reached by ssh after ${BOOT_MS / 1_000} s`;
  throw new CommandError(`${name} ${why}. The end of ${power.folder.console}:\n${await lastOutput(power)}`);
}

/**
 * Shuts them down cleanly, those that others need for that last: a primary that cannot release its leader key or archive its last WAL
 * does not stop for half a minute. Takes the power from those that are late for the deadline, which is for both together.
 */
export async function stopMachines(
  machines: readonly Machine[],
  deadlineMs: number,
  options: TaskOptions,
): Promise<void> {
  const needed = machines.filter(({ name }) => isNeededForStop(name));
  const others = machines.filter(({ name }) => !isNeededForStop(name));
  await forAll(machines.filter(hasDiskFault), endDiskFault);
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
  await forAll(running, pressPowerButton);
  if (!(await waitUntil(async () => (await busy()).length === 0, { deadlineMs }))) {
    const late = await busy();
    onProgress?.(`taking the power from ${namesOf(late)}`);
    await forAll(late, powerOff);
  }
  await forAll(running, killLeftovers);
}
