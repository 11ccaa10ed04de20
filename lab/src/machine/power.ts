import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineFolder } from "../folders.ts";
import { isAlive, readPidFile, signal, signalIfAlive, waitUntil } from "../host/processes.ts";
import { inside, pullCable } from "../network/namespace.ts";
import { LabProblem } from "../problem.ts";
import { lastLines, runOrFail } from "../run.ts";
import { hostGroup, machineGroups, makeGroups, processesOf, type StandGroups } from "./groups.ts";

/** One machine, its files and its groups. */
export interface Machine {
  readonly name: string;
  readonly folder: MachineFolder;
  readonly groups: StandGroups;
  readonly namespace: string;
  /** Folder of the golden image's root file system. */
  readonly image: string;
  /** Copy of supervisor.sh that stays as it is while machines run under it. */
  readonly supervisor: string;
}

/** How long a process may need to be gone after SIGKILL; one that writes to a disk ends only after that. */
const GONE_MS = 30_000;
/** How long the kernel may need to write what a machine left unwritten. */
const DISK_MS = 60_000;

/** A machine is off for certain when none of its processes is left and nobody is about to start it. */
export async function isOff(machine: Machine): Promise<boolean> {
  // In this order: a supervisor that is gone starts nothing between the two looks.
  const supervisor = await readPidFile(machine.folder.supervisorPid);
  const isSupervised = supervisor !== undefined && (await isAlive(supervisor));
  if (isSupervised && !(await isStopped(machine))) return false;
  const left = await processesOf(machineGroups(machine.groups, machine.name));
  return left.length === 0;
}

/** A supervisor that has been told to stop does not start the machine again. */
async function isStopped({ folder }: Machine): Promise<boolean> {
  return readFile(folder.stop).then(
    () => true,
    () => false,
  );
}

/** A running machine whose supervisor is gone would not come back from a reboot. */
export async function isSupervised({ folder }: Machine): Promise<boolean> {
  const supervisor = await readPidFile(folder.supervisorPid);
  return supervisor !== undefined && (await isAlive(supervisor));
}

/**
 * Boots the machine; resolves when its launcher runs, not when it has booted.
 *
 * @throws LabProblem when it does not start; the message has the end of its log
 */
export async function powerOn(machine: Machine): Promise<void> {
  const { name, folder, groups, namespace } = machine;
  // What was killed may still be writing to its disk: its supervisor waits for that and ends.
  await waitUntil(async () => !(await isSupervised(machine)), DISK_MS);
  await killLeftovers(machine);
  await makeGroups(groups, name);
  await rm(folder.stop, { force: true });
  await mkdir(folder.folder, { recursive: true });
  const [program, ...args] = inside(namespace, [
    "unshare",
    ...["--mount", "--propagation", "slave", "--", "sh", machine.supervisor],
    ...[name, folder.folder, join(machine.image, "root"), hostGroup(groups, name), ...machineGroups(groups, name)],
  ]);
  const log = openSync(join(folder.folder, "supervisor.log"), "w", 0o600);
  const child = spawn(program, args, { cwd: "/", detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let ended = false;
  child.on("error", () => {
    ended = true;
  });
  child.on("exit", () => {
    ended = true;
  });
  child.unref();
  const runs = async (): Promise<boolean> => ended || (await readPidFile(folder.nspawnPid)) !== undefined;
  await waitUntil(runs, DISK_MS, 20);
  if (!ended && (await runs())) return;
  throw new LabProblem(`${name} does not start:\n${await lastOutput(machine)}`);
}

/** The end of what the machine wrote to its console, and its supervisor before it. */
export async function lastOutput({ folder }: Machine): Promise<string> {
  const texts = [join(folder.folder, "supervisor.log"), folder.console].map((file) =>
    readFile(file, "utf8").catch(() => ""),
  );
  return lastLines((await Promise.all(texts)).join("\n"), 8);
}

/**
 * Takes the power away: first the cable, so that not even a closing packet gets out, then all processes at once. Resolves when the
 * machine is off for certain. What it had written but not synced may survive, unlike on a real machine.
 */
export async function powerOff(machine: Machine): Promise<void> {
  const { name, groups, folder, namespace } = machine;
  await writeFile(folder.stop, "");
  await pullCable(namespace, name);
  await killAll(machineGroups(groups, name), name);
}

/** Asks the machine to shut down, as its power button would. */
export async function pressPowerButton({ folder }: Machine): Promise<void> {
  await mkdir(folder.folder, { recursive: true });
  await writeFile(folder.stop, "");
  await signalIfAlive(await readPidFile(folder.nspawnPid), "SIGTERM");
}

/** Off, and with its disk written: nobody is left who would unmount it. */
export async function isAtRest(machine: Machine): Promise<boolean> {
  return (await isOff(machine)) && !(await isSupervised(machine));
}

/** @throws LabProblem when the kernel has the disk still in use after a minute */
export async function waitForDisk({ name, folder }: Machine): Promise<void> {
  const isFree = async (): Promise<boolean> => (await runOrFail(["losetup", "-j", folder.disk])) === "";
  if (!(await waitUntil(isFree, DISK_MS))) throw new LabProblem(`The disk of ${name} (${folder.disk}) stays in use.`);
}

/** Ends everything of the machine: also a supervisor that hangs, and an lxcfs that has lost its supervisor. */
export async function killLeftovers(machine: Machine): Promise<void> {
  const { name, groups, folder } = machine;
  await killAll([...machineGroups(groups, name), hostGroup(groups, name)], name);
  await rm(folder.nspawnPid, { force: true });
  await rm(folder.supervisorPid, { force: true });
}

/** The machine's first process comes first: the kernel ends all others of its namespace with it. */
async function killAll(folders: readonly string[], name: string): Promise<void> {
  const gone = await waitUntil(
    async () => {
      const pids = await processesOf(folders);
      const ranked = await Promise.all(pids.map(async (pid) => ({ pid, first: await isFirstProcess(pid) })));
      for (const { pid } of ranked.toSorted((one, other) => Number(other.first) - Number(one.first)))
        signal(pid, "SIGKILL");
      return pids.length === 0;
    },
    GONE_MS,
    5,
  );
  if (!gone) throw new LabProblem(`Processes of ${name} cannot be ended: see \`cat ${folders[0]}/cgroup.procs\`.`);
}

async function isFirstProcess(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return /^NSpid:.*\t1$/m.test(status);
}

/** Detaches loop devices that an interrupted run left behind; those of running machines go by themselves. */
export async function detachLoops(disks: readonly string[]): Promise<void> {
  const list = await runOrFail(["losetup", "--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"]);
  for (const line of list.split("\n")) {
    const [device, file] = line.split(" ");
    if (device && file && disks.includes(file)) await runOrFail(["losetup", "--detach", device]);
  }
}
