import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceFile } from "@goldenring/stand";
import type { Folders } from "./folders.ts";
import { ensureKernelLimits } from "./host/kernel.ts";
import { isAlive } from "./host/processes.ts";
import { ensureImage, hasImage } from "./image/image.ts";
import { readRecipe } from "./image/recipe.ts";
import { makeDisk, removeUnfinished } from "./machine/disk.ts";
import { applyLimit, makeHostGroup } from "./machine/groups.ts";
import { isOff, isSupervised } from "./machine/power.ts";
import { makeKeyPair, makeSeed } from "./machine/seed.ts";
import { loadFaults } from "./network/faults.ts";
import { closeForward, type Forward, openForward } from "./network/forwards.ts";
import { openNetwork } from "./network/namespace.ts";
import { FORWARDS, PROVISIONING, planAddresses } from "./plan.ts";
import { LabProblem } from "./problem.ts";
import type { TaskOptions } from "./progress.ts";
import { settle, type UpOptions } from "./settle.ts";
import { finishRestore } from "./snapshots/restore.ts";
import {
  all,
  filterAsync,
  type Stand,
  type StandMachine,
  standOf,
  startMachines,
  stopMachines,
  waitForMachines,
} from "./stand.ts";
import { changeRuntime, readRuntime } from "./state/runtime.ts";
import { limitOf, type Settings } from "./state/settings.ts";

/** What `up` had to do: all empty when everything ran already. */
export interface UpResult {
  readonly started: readonly string[];
  /** Machines whose disk is new: nothing is installed on them yet. */
  readonly created: readonly string[];
}

const SUPERVISOR = fileURLToPath(new URL("machine/supervisor.sh", import.meta.url));
const CLEAN_STOP_MS = 15_000;

/** The stand with all machines running, whatever was there before; the caller holds the lock. */
export async function bringUp(folders: Folders, options: UpOptions): Promise<UpResult> {
  const { onProgress, signal } = options;
  for (const folder of [
    folders.stand,
    folders.secrets,
    folders.ssh,
    folders.snapshots,
    folders.machines,
    folders.sockets,
  ]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  await finishRestore(folders);
  await ensureKernelLimits(onProgress);
  const settings = await settle(folders, options);
  await prepareImage(folders, settings, options);
  const stand = await standOf(folders, settings);
  await changeRuntime(folders, { cgroups: [...stand.groups.folders] });
  await openNetwork(folders.namespace, planAddresses(settings.network));
  await loadFaults(folders.namespace, (await readRuntime(folders)).faults);
  await prepareMachines(stand);
  signal?.throwIfAborted();
  const created = await makeDisks(stand, options);
  const started = await runMachines(stand, options);
  await waitForMachines(stand, stand.machines, signal);
  await openForwards(stand);
  onProgress?.("all machines run");
  return { started, created };
}

/** A stand stays on the image that it was made with; only a new one gets a newer image. */
async function prepareImage(folders: Folders, settings: Settings, options: TaskOptions): Promise<void> {
  if (settings.image !== undefined && hasImage(folders.images, settings.image)) return;
  const recipe = await readRecipe();
  if (settings.image !== recipe.name) {
    throw new LabProblem(
      `The golden image of this stand (${settings.image}) is gone, and this version makes another one. Remove the stand with \`ring destroy\` and make it anew with \`ring up\`.`,
    );
  }
  await ensureImage(folders.images, recipe, options);
}

async function prepareMachines({ folders, settings, machines }: Stand): Promise<void> {
  const key = join(folders.ssh, "id_ed25519");
  const publicKey = () => readFile(`${key}.pub`, "utf8");
  await publicKey().catch(() => makeKeyPair(key, `operator of ${folders.namespace}`));
  const operatorKey = await publicKey();
  const plan = planAddresses(settings.network);
  const known = await Promise.all(
    machines.map(async (machine) => {
      const { hostKey } = await makeSeed(machine.power.folder.seed, machine, plan, operatorKey);
      return `${machine.address},${machine.name} ${hostKey}\n`;
    }),
  );
  replaceFile(join(folders.ssh, "known_hosts"), known.join(""), { mode: 0o600, durable: true });
  // A running supervisor reads its file as it goes: the new one takes its place without touching it.
  const supervisor = join(folders.stand, "supervisor.sh");
  await copyFile(SUPERVISOR, `${supervisor}.new`);
  await rename(`${supervisor}.new`, supervisor);
}

async function makeDisks({ machines }: Stand, { onProgress, signal }: TaskOptions): Promise<readonly string[]> {
  const missing = machines.filter(({ power }) => !existsSync(power.folder.disk));
  if (missing.length > 0) onProgress?.(`making disks: ${missing.map(({ name }) => name).join(", ")}`);
  await all(missing, async ({ power, diskGiB }) => {
    await removeUnfinished(power.folder.folder);
    await makeDisk(power.folder.disk, diskGiB, signal);
  });
  return missing.map(({ name }) => name);
}

async function runMachines(stand: Stand, options: TaskOptions): Promise<readonly string[]> {
  const unsupervised = await filterAsync(
    stand.machines,
    async ({ power }) => !(await isOff(power)) && !(await isSupervised(power)),
  );
  await stopMachines(
    unsupervised.map(({ power }) => power),
    CLEAN_STOP_MS,
    options,
  );
  const off = await filterAsync(stand.machines, ({ power }) => isOff(power));
  await applyLimits(
    stand,
    stand.machines.filter((machine) => !off.includes(machine)),
  );
  await startMachines(stand, off, options);
  return off.map(({ name }) => name);
}

/** Makes the limits those of the settings, for machines that run; the others get them when they start. */
export async function applyLimits({ groups, settings }: Stand, machines: readonly StandMachine[]): Promise<void> {
  const running = await filterAsync(machines, async ({ power }) => !(await isOff(power)));
  await all(running, (machine) => applyLimit(groups, machine.name, limitOf(settings, machine, PROVISIONING)));
}

async function openForwards({ folders, settings, groups, machines }: Stand): Promise<void> {
  const { forwards } = await readRuntime(folders);
  const group = await makeHostGroup(groups, "forwards");
  const open: Record<string, Forward> = {};
  for (const { name, machine, port, localPort } of FORWARDS) {
    const address = machines.find((each) => each.name === machine)?.address;
    if (address === undefined) continue;
    const wanted = settings.ports[name] ?? localPort;
    const before = forwards[name]?.wanted === wanted ? forwards[name] : undefined;
    if (before === undefined && forwards[name]) await closeForward(forwards[name]);
    const isOpen = before !== undefined && (await isAlive(before));
    open[name] = isOpen
      ? before
      : await openForward(folders.namespace, group, `${address}:${port}`, wanted, before?.port ?? wanted);
    await changeRuntime(folders, { forwards: { ...forwards, ...open } });
  }
}
