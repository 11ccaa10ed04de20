import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import { isAlive, replaceFile, SERVICES } from "@goldenring/stand";
import { surplusOf } from "./down.ts";
import type { Folders } from "./folders.ts";
import { ensureKernelLimits, memoryWarning } from "./host/computer.ts";
import { ensureImage, hasImage, imageFolder, readRecipe } from "./image/image.ts";
import { ensurePrograms, readPrograms } from "./kubernetes/programs.ts";
import { makeDisk, removeIncomplete } from "./machine/disk.ts";
import { limitDevices, makeHostGroup } from "./machine/groups.ts";
import { isOff, isSupervised } from "./machine/power.ts";
import { ensureKeyPair, makeSeed } from "./machine/seed.ts";
import { loadFaults } from "./network/faults.ts";
import { closeForward, closeToOthers, openForward, portWarning } from "./network/forwards.ts";
import { openNetwork } from "./network/namespace.ts";
import { moreMemoryGiB, planAddresses, platformOf } from "./plan.ts";
import { finishRestore } from "./snapshots/restore.ts";
import {
  applyLimits,
  runningOf,
  type Stand,
  type StandMachine,
  standOf,
  startMachines,
  stopMachines,
  waitForMachines,
} from "./stand.ts";
import { changeRuntime, readRuntime } from "./state/runtime.ts";
import {
  planSettings,
  readSettings,
  replicasOf,
  type Settings,
  type UpOptions,
  writeSettings,
} from "./state/settings.ts";
import { filterAsync, forAll, namesOf, type TaskOptions } from "./task.ts";

/** What `up` had to do: all empty when everything ran already. */
export interface UpResult {
  readonly started: readonly string[];
  /** Machines whose disk is new: nothing is installed on them yet. */
  readonly created: readonly string[];
  /** Replicas that the stand has no more, and nodes. Those that run serve until `Lab.removeSurplus`, which the ingress must hear of first. */
  readonly surplus: readonly string[];
  /** The surplus is of another platform, so it serves until the whole playbook has ended. */
  readonly moves: boolean;
  /** The limits are raised, as an earlier run left them or because they are new: services must know lower ones before they apply. */
  readonly isRaised: boolean;
  /** Sentences for the user: ports that were taken, too little memory. */
  readonly warnings: readonly string[];
}

const sourceOf = (name: string) => fileURLToPath(new URL(`machine/${name}`, import.meta.url));
const CLEAN_STOP_MS = 15_000;

/** The stand with all machines running, whatever its state was; the caller holds the lock. */
export async function bringUp(folders: Folders, options: UpOptions): Promise<UpResult> {
  const { onProgress, signal } = options;
  await finishRestore(folders);
  const stand = await prepareStand(folders, options);
  await ensureKernelLimits(options);
  await changeRuntime(folders, { cgroups: [...stand.groups.folders] });
  await limitDevices(stand.groups);
  await openNetwork(folders.namespace, planAddresses(stand.settings.network));
  await loadFaults(folders.namespace, (await readRuntime(folders)).faults);
  await prepareMachines(stand);
  signal?.throwIfAborted();
  const created = await makeDisks(stand, options);
  const { started, warnings } = await runMachines(stand, options);
  await waitForMachines(stand, stand.machines, signal);
  const taken = await openForwards(stand);
  onProgress?.("all machines run");
  const { provisioning: isRaised } = stand.settings;
  const surplus = await surplusOf(folders);
  const moves = surplus.length > 0 && platformOf(surplus) !== platformOf(stand.settings.machines);
  return { started, created, surplus, moves, isRaised, warnings: [...warnings, ...taken] };
}

/** A stand stays on the image that it was made with; only a new one gets a newer image. */
async function prepareStand(folders: Folders, options: UpOptions): Promise<Stand> {
  const recipe = await readRecipe();
  const programs = await readPrograms();
  const settings = await planSettings(folders, options, { image: recipe.name, programs: programs.name });
  if (settings.programs !== undefined && settings.image !== recipe.name) assertHasRuntime(folders, settings.image);
  const { stand, secrets, ssh, snapshots, machines, sockets } = folders;
  for (const folder of [stand, secrets, ssh, snapshots, machines, sockets]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  if (settings.programs !== undefined) await ensurePrograms(folders.images, programs, options);
  await stopOtherNodes(folders, settings, options);
  writeSettings(folders, settings);
  if (settings.image === recipe.name) await ensureImage(folders.images, recipe, options);
  else if (!hasImage(folders.images, settings.image ?? "")) {
    throw new CommandError(
      `The golden image of this stand (${settings.image}) is missing, and this version builds another one. Remove the stand with \`ring destroy\`, and make it again with \`ring up\`.`,
    );
  }
  return standOf(folders, settings);
}

/** Nodes keep the programs that they were started with. */
async function stopOtherNodes(folders: Folders, { programs }: Settings, options: TaskOptions): Promise<void> {
  const known = await readSettings(folders);
  if (known?.programs === undefined || known.programs === programs || programs === undefined) return;
  const { machines } = await standOf(folders, known);
  const nodes = machines.filter(({ isNode }) => isNode).map(({ power }) => power);
  await stopMachines(nodes, CLEAN_STOP_MS, options);
}

function assertHasRuntime({ images }: Folders, image = ""): void {
  if (existsSync(join(imageFolder(images, image), "root/usr/bin/containerd"))) return;
  throw new CommandError(
    `The golden image of this stand (${image}) is older than its platform kubernetes: it has no containerd. Remove the stand with \`ring destroy\`, and make it again with \`ring up --platform kubernetes\`.`,
  );
}

async function prepareMachines({ folders, settings, machines }: Stand): Promise<void> {
  const key = join(folders.ssh, "id_ed25519");
  await ensureKeyPair(key, `operator of ${folders.namespace}`);
  const operatorKey = await readFile(`${key}.pub`, "utf8");
  const plan = planAddresses(settings.network);
  const known = await Promise.all(
    machines.map(async (machine) => {
      const hostKey = await makeSeed(machine.power.folder.seed, machine, plan, operatorKey);
      return `${machine.address},${machine.name} ${hostKey}\n`;
    }),
  );
  replaceFile(join(folders.ssh, "known_hosts"), known.join(""), { mode: 0o600, durable: true });
  // A shell reads its script as it goes: running supervisors keep the old file.
  replaceFile(folders.supervisor, await readFile(sourceOf("supervisor.sh")));
  replaceFile(folders.mapOwners, await readFile(sourceOf("map-owners.py")));
}

async function makeDisks({ machines }: Stand, { onProgress, signal }: TaskOptions): Promise<readonly string[]> {
  const missing = machines.filter(({ power }) => !existsSync(power.folder.disk));
  if (missing.length > 0) onProgress?.(`making disks: ${namesOf(missing)}`);
  await forAll(missing, async ({ power, diskGiB }) => {
    await removeIncomplete(power.folder.folder);
    await makeDisk(power.folder.disk, diskGiB, signal);
  });
  return missing.map(({ name }) => name);
}

async function runMachines(stand: Stand, options: TaskOptions): Promise<Pick<UpResult, "started" | "warnings">> {
  const unsupervised = await filterAsync(
    await runningOf(stand.machines),
    async ({ power }) => !(await isSupervised(power)),
  );
  const machines = unsupervised.map(({ power }) => power);
  await stopMachines(machines, CLEAN_STOP_MS, options);
  const off = await filterAsync(stand.machines, ({ power }) => isOff(power));
  const moreGiB = moreMemoryGiB(replicasOf(stand.machines), stand.settings.replica.memoryMiB);
  const warnings = off.length === stand.machines.length ? await memoryWarning(moreGiB) : [];
  await applyLimits(stand, stand.machines);
  await startMachines(stand, off, options);
  return { started: off.map(({ name }) => name), warnings: [...warnings, ...(await isolationWarning(off))] };
}

/** @returns a warning when the kernel or the file system cannot keep root of a machine apart from root of the computer */
async function isolationWarning(machines: readonly StandMachine[]): Promise<readonly string[]> {
  const isolated = machines.filter(({ isNode }) => !isNode);
  const logs = await Promise.all(isolated.map(({ power }) => readFile(power.folder.supervisorLog, "utf8")));
  if (!logs.some((log) => log.includes("without a user namespace"))) return [];
  return [
    "Root of a machine is root of this computer: user namespaces for the machines need Linux 5.19, and RING_HOME on ext4, XFS or Btrfs.",
  ];
}

/** @returns a warning for each port that was replaced */
async function openForwards({ folders, settings, groups, machines }: Stand): Promise<readonly string[]> {
  const group = await makeHostGroup(groups, "forwards");
  const warnings: string[] = [];
  for (const [name, { role, port, localPort }] of Object.entries(SERVICES)) {
    const address = machines.find((machine) => machine.role === role)?.address;
    if (address === undefined) continue;
    const { forwards } = await readRuntime(folders);
    const wanted = settings.ports[name] ?? localPort;
    const known = forwards[name];
    if (known && known.wanted === wanted && isAlive(known)) continue;
    if (known) await closeForward(known);
    const target = `${address}:${port}`;
    const previous = known?.wanted === wanted ? known.port : undefined;
    const opened = await openForward({ namespace: folders.namespace, group, target, wanted, previous });
    await changeRuntime(folders, { forwards: { ...forwards, [name]: opened } });
    warnings.push(...(await portWarning(name, opened)));
  }
  const ports = Object.values((await readRuntime(folders)).forwards).map(({ port }) => port);
  if (ports.length === 0) return warnings;
  // Under sudo the stand is its user's.
  const owner = Number(process.env.SUDO_UID ?? 0);
  return [...warnings, ...(await closeToOthers(folders.namespace, ports, owner))];
}
