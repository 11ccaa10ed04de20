import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import {
  bootId,
  isAlive,
  lastLines,
  type ProcessId,
  runOrThrow,
  sendSignal,
  signalPid,
  startProgram,
  waitUntil,
} from "@goldenring/stand";
import type { MachineFolder } from "../folders.ts";
import { inside, pullCable } from "../network/namespace.ts";
import { firstUser } from "../plan.ts";
import { A_MINUTE } from "../task.ts";
import { endDiskFault, hasDiskFault } from "./disk-fault.ts";
import { hostGroup, machineGroups, makeGroups, processesOf, type StandGroups } from "./groups.ts";

/** One machine, its files and its groups. */
export interface Machine {
  readonly name: string;
  readonly folder: MachineFolder;
  readonly groups: StandGroups;
  readonly namespace: string;
  /** Folder of the golden image. */
  readonly image: string;
  /** Folder of Kubernetes' programs, for a node. */
  readonly programs: string | undefined;
  /** Copy of supervisor.sh that stays as it is while machines run under it. */
  readonly supervisor: string;
}

/** How long a process may need to end after SIGKILL: one that writes to a disk ends only after that. */
const END_MS = 30_000;
/** After which a process that has not ended counts as one that waits for a frozen disk. */
const STUCK_MS = 2_000;
/** How long the kernel may need to write what a machine left unwritten. */
const DISK_MS = 60_000;

/**
 * @param file written by supervisor.sh: process number, start in clock ticks, boot id
 * @returns undefined when the file is missing or incomplete. One without a boot id, as earlier versions wrote, counts as of this boot.
 */
export async function readPidFile(file: string): Promise<ProcessId | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [, pid, startTicks, boot = bootId()] = /^(\d+) (\d+)(?: (\S+))?\n$/.exec(text) ?? [];
  return pid === undefined || startTicks === undefined ? undefined : { pid: Number(pid), startTicks, bootId: boot };
}

/** A machine is off for certain when none of its processes is left and nobody is about to start it. */
export async function isOff(machine: Machine): Promise<boolean> {
  // In this order: a supervisor that has ended, or must stop, starts nothing between the two checks.
  if ((await isSupervised(machine)) && !existsSync(machine.folder.stop)) return false;
  return (await processesOf(machineGroups(machine.groups, machine.name))).length === 0;
}

/** A running machine whose supervisor has ended would not come back from a reboot. */
export async function isSupervised({ folder }: Machine): Promise<boolean> {
  const supervisor = await readPidFile(folder.supervisorPid);
  return supervisor !== undefined && isAlive(supervisor);
}

/**
 * Boots the machine; resolves when its launcher runs, not when it has booted.
 *
 * @throws {CommandError} when it does not start; the message has the end of its log
 */
export async function powerOn(machine: Machine): Promise<void> {
  const { name, folder, groups } = machine;
  // What was killed may still be writing to its disk: its supervisor waits for that and ends.
  await waitUntil(async () => !(await isSupervised(machine)), { deadlineMs: DISK_MS, everyMs: 50 });
  await killLeftovers(machine);
  await makeGroups(groups, name);
  await mkdir(folder.folder, { recursive: true });
  await rm(folder.stop, { force: true });
  const supervisor = spawnSupervisor(machine);
  const { pid } = supervisor.on("error", () => {});
  const hasEnded = (): boolean => pid === undefined || (supervisor.exitCode ?? supervisor.signalCode) !== null;
  const runs = async (): Promise<boolean> => (await readPidFile(folder.nspawnPid)) !== undefined;
  await waitUntil(async () => hasEnded() || (await runs()), { deadlineMs: DISK_MS, everyMs: 20 });
  if (!hasEnded() && (await runs())) return;
  throw new CommandError(`${name} does not start:\n${await lastOutput(machine)}`);
}

function spawnSupervisor({ name, folder, groups, namespace, image, programs, supervisor }: Machine): ChildProcess {
  const argv = inside(namespace, [
    ...["unshare", "--mount", "--propagation", "slave", "--", "sh", supervisor],
    ...[name, folder.folder, join(image, "root"), String(firstUser(namespace, name)), programs ?? ""],
    ...[hostGroup(groups, name), ...machineGroups(groups, name)],
  ]);
  const log = openSync(folder.supervisorLog, "w", 0o600);
  const child = startProgram(argv, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  return child;
}

/** The end of what the supervisor and the machine's console wrote. */
export async function lastOutput({ folder }: Machine): Promise<string> {
  const texts = [folder.supervisorLog, folder.console].map((file) => readFile(file, "utf8").catch(() => ""));
  return lastLines((await Promise.all(texts)).join("\n"), 8);
}

/**
 * Takes the power away: first the cable, so that not even a closing packet gets out, then all processes at once. Resolves when the
 * machine is off for certain, and its disk has no fault. Unlike on a real machine, what it had written but not synced may survive.
 */
export async function powerOff(machine: Machine): Promise<void> {
  const { name, groups, folder, namespace } = machine;
  await writeFile(folder.stop, "");
  await pullCable(namespace, name);
  await killAll(machineGroups(groups, name), machine);
}

/** Asks the machine to shut down, as its power button would. */
export async function pressPowerButton({ folder }: Machine): Promise<void> {
  await mkdir(folder.folder, { recursive: true });
  await writeFile(folder.stop, "");
  sendSignal(await readPidFile(folder.nspawnPid), "SIGTERM");
}

/** Off, and with its disk unmounted. */
export async function isAtRest(machine: Machine): Promise<boolean> {
  return (await isOff(machine)) && !(await isSupervised(machine));
}

/** @throws {CommandError} when the kernel still uses the disk after a minute */
export async function waitForDisk({ name, folder }: Machine): Promise<void> {
  const isFree = async (): Promise<boolean> => (await runOrThrow(["losetup", "-j", folder.disk], A_MINUTE)) === "";
  if (await waitUntil(isFree, { deadlineMs: DISK_MS, everyMs: 50 })) return;
  throw new CommandError(`The disk of ${name} (${folder.disk}) stays in use: see \`losetup --list\`.`);
}

/** Ends everything of the machine: also a supervisor that hangs, and an lxcfs that has lost its supervisor. */
export async function killLeftovers(machine: Machine): Promise<void> {
  const { name, groups, folder } = machine;
  await killAll([...machineGroups(groups, name), hostGroup(groups, name)], machine);
  for (const file of [folder.nspawnPid, folder.supervisorPid]) await rm(file, { force: true });
}

/**
 * The machine's first process comes first: the kernel ends all others of its namespace with it. One that waits for a frozen disk ends when that
 * is thawed, and does nothing more: by then it has the signal.
 */
async function killAll(folders: readonly string[], machine: Machine): Promise<void> {
  const killThoseLeft = async (): Promise<boolean> => {
    const pids = await processesOf(folders);
    const isFirst = await Promise.all(pids.map(isFirstProcess));
    const others = pids.filter((_, index) => !isFirst[index]);
    for (const pid of [...pids.filter((_, index) => isFirst[index]), ...others]) signalPid(pid, "SIGKILL");
    return pids.length === 0;
  };
  const isFaulty = hasDiskFault(machine);
  if ((await waitUntil(killThoseLeft, { deadlineMs: isFaulty ? 0 : STUCK_MS, everyMs: 5 })) && !isFaulty) return;
  await endDiskFault(machine);
  if (await waitUntil(killThoseLeft, { deadlineMs: END_MS, everyMs: 5 })) return;
  throw new CommandError(`Processes of ${machine.name} cannot be ended: see \`cat ${folders[0]}/cgroup.procs\`.`);
}

async function isFirstProcess(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return /^NSpid:.*\t1$/m.test(status);
}

/** Detaches loop devices that an interrupted run left behind; those of running machines go with them. */
export async function detachLoops(disks: readonly string[]): Promise<void> {
  const command = ["losetup", "--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"];
  for (const line of (await runOrThrow(command, A_MINUTE)).split("\n")) {
    const [device, file] = line.split(" ");
    if (device && file && disks.includes(file)) await runOrThrow(["losetup", "--detach", device], A_MINUTE);
  }
}
