import { CommandError } from "@goldenring/run-kit";
import {
  type Cut,
  type Direction,
  type DiskFault,
  type DiskFaultScripts,
  isAlive,
  type LabFaults,
  ringHome,
  withLock,
} from "@goldenring/stand";
import { removeMachines, removeStand, surplusOf, takeDown } from "./down.ts";
import { type Folders, foldersOf } from "./folders.ts";
import { assertLinuxRoot, ensurePackages } from "./host/computer.ts";
import { diskFaultScripts, hasDiskFault } from "./machine/disk-fault.ts";
import { isOff, powerOff } from "./machine/power.ts";
import { type Faults, healed, loadFaults, withCut, withLoss } from "./network/faults.ts";
import { assertStandName, planAddresses, planAlertWebhook } from "./plan.ts";
import { deleteSnapshot, listSnapshots, type Snapshot, type SnapshotOptions } from "./snapshots/catalogue.ts";
import { finishRestore, restoreSnapshot } from "./snapshots/restore.ts";
import { saveSnapshot } from "./snapshots/save.ts";
import {
  applyLimits,
  assertIsUp,
  isUp,
  type MachineStatus,
  machineOf,
  openStand,
  type Stand,
  type StandMachine,
  startMachine,
  statusOf,
  waitForMachines,
} from "./stand.ts";
import { changeRuntime, readRuntime } from "./state/runtime.ts";
import { type UpOptions, writeSettings } from "./state/settings.ts";
import type { TaskOptions } from "./task.ts";
import { bringUp, type UpResult } from "./up.ts";

/** Names of forwards, such as `api`, and their ports of 127.0.0.1. */
export type Forwards = Readonly<Record<string, number>>;

/** How long a change waits for another one: two faults at the same moment do, a user should not. */
const SHORT_CHANGE_WAIT_MS = 30_000;
const LONG_CHANGE_WAIT_MS = 2_000;

/**
 * The stand's machines on this computer. Every method may be called from any process; those that change something exclude each other.
 * All reject with a `CommandError`, a `LockHeld` or a `ProgramFailed`; anything else is a defect.
 */
export class Lab {
  readonly #folders: Folders;

  /**
   * @param home folder of images and stands; default: RING_HOME, /var/lib/goldenring
   * @param stand default: RING_STAND, lab
   */
  constructor({ home, stand }: { readonly home?: string; readonly stand?: string } = {}) {
    this.#folders = foldersOf(home ?? ringHome(), assertStandName(stand ?? (process.env.RING_STAND || "lab")));
  }

  /** The file that the playbook and all other rooms read; `up` writes it. */
  get inventory(): string {
    return this.#folders.inventory;
  }

  /** Makes what is missing and starts what is off; waits until all machines can be reached by ssh. */
  async up(options: UpOptions = {}): Promise<UpResult> {
    assertLinuxRoot();
    await ensurePackages(options);
    return this.#alone("up", () => bringUp(this.#folders, options));
  }

  /** Shuts down and deletes the replicas that the stand has no more. */
  async removeSurplus(options: TaskOptions = {}): Promise<void> {
    await this.#change("up", async (stand) => {
      await removeMachines(stand, await surplusOf(this.#folders), options);
    });
  }

  /** Shuts the machines down and removes everything but the files; under 20 s, whatever an interrupted run left. */
  async down(options: TaskOptions = {}): Promise<void> {
    await this.#alone("down", () => takeDown(this.#folders, options));
  }

  /** `down`, and deletes disks, secrets, keys and snapshots, and golden images of other versions that no stand needs. */
  async destroy(options: TaskOptions = {}): Promise<void> {
    await this.#alone("destroy", async () => {
      await takeDown(this.#folders, options);
      options.onProgress?.("deleting disks, secrets and snapshots");
      await removeStand(this.#folders);
    });
  }

  async status(): Promise<readonly MachineStatus[]> {
    const stand = await openStand(this.#folders);
    return Promise.all(stand.machines.map((machine) => statusOf(stand, machine)));
  }

  /** Where the stand's alerts are sent: an address of this computer inside the stand's network. */
  async alertWebhook(): Promise<string> {
    const { settings } = await openStand(this.#folders);
    return planAlertWebhook(planAddresses(settings.network));
  }

  /** Those that work at the moment. */
  async forwards(): Promise<Forwards> {
    const { forwards } = await readRuntime(this.#folders);
    const open = Object.entries(forwards).filter(([, forward]) => isAlive(forward));
    return Object.fromEntries(open.map(([name, { port }]) => [name, port]));
  }

  /**
   * True only when no process of the machine is left and none is about to be started: a machine that is unreachable or reboots is not
   * off. Takes a few milliseconds and needs no lock.
   */
  async isOff(name: string): Promise<boolean> {
    return isOff(machineOf(await openStand(this.#folders), name).power);
  }

  /** Without any sign on the network. Resolves when the machine is off for certain; one that is off stays so. */
  async powerOff(name: string): Promise<void> {
    await this.#change("power off", async (stand) => powerOff(machineOf(stand, name).power));
  }

  /** Resolves when it starts to boot; nothing happens to a machine that runs. */
  async powerOn(name: string): Promise<void> {
    await this.#boot("power on", name, async (stand, machine) => {
      if (await isOff(machine.power)) await startMachine(stand, machine);
    });
  }

  /** As the button: power off, and on. */
  async reset(name: string): Promise<void> {
    await this.#boot("reset", name, async (stand, machine) => {
      await powerOff(machine.power);
      await startMachine(stand, machine);
    });
  }

  /** Resolves when sshd of all of them answers; default: all machines. */
  async waitUntilReachable(names: readonly string[] = [], options: TaskOptions = {}): Promise<void> {
    const stand = await openStand(this.#folders);
    assertIsUp(stand);
    const machines = names.length === 0 ? stand.machines : names.map((name) => machineOf(stand, name));
    await waitForMachines(stand, machines, options.signal);
  }

  /** Drops packets at random outside the machine; 0 percent ends it. Replaces an earlier loss of the same direction. */
  async loss(name: string, percent: number, direction: Direction): Promise<void> {
    await this.#changeFaults("loss", name, (faults) => withLoss(faults, name, percent, direction));
  }

  async cut(name: string, cut: Cut = {}): Promise<void> {
    await this.#changeFaults("cut", name, (faults, stand) => {
      if (cut.from === name) throw new CommandError(`${name} cannot be cut off from itself.`);
      if (cut.from !== undefined) machineOf(stand, cut.from);
      return withCut(faults, name, cut);
    });
  }

  /** Ends all network faults of one machine, or of all, also while they are off. A stand that is down has none. */
  async heal(name?: string): Promise<void> {
    if (!isUp(this.#folders)) return;
    await this.#changeFaults("heal", name, (faults) => healed(faults, name));
  }

  async diskFault(name: string, fault: DiskFault): Promise<DiskFaultScripts> {
    return diskFaultScripts(machineOf(await openStand(this.#folders), name).power, fault);
  }

  /** The active faults of networks and disks. */
  async faults(): Promise<LabFaults> {
    const { machines } = await openStand(this.#folders);
    const disk = machines.filter(({ power }) => hasDiskFault(power)).map(({ name }) => name);
    return { ...(await readRuntime(this.#folders)).faults, disk };
  }

  /** `on`: small machines get what installing software needs; `off`: their own limits apply again. Holds for running machines at once, and after each start. */
  async provisioningLimits(state: "on" | "off"): Promise<void> {
    await this.#change("limits", async (stand) => {
      const settings = { ...stand.settings, provisioning: state === "on" };
      writeSettings(this.#folders, settings);
      await applyLimits({ ...stand, settings }, stand.machines);
    });
  }

  readonly snapshots = {
    /** Shuts down machines that run, and starts them again. */
    save: (name: string, options: SnapshotOptions = {}): Promise<void> =>
      this.#alone("snapshot save", () => saveSnapshot(this.#folders, name, options)),
    /** @returns the machines whose disks were restored */
    restore: (name: string, options: SnapshotOptions = {}): Promise<readonly string[]> =>
      this.#alone("snapshot restore", () => restoreSnapshot(this.#folders, name, options)),
    list: (): Promise<readonly Snapshot[]> => listSnapshots(this.#folders),
    delete: (name: string): Promise<void> => this.#alone("snapshot delete", () => deleteSnapshot(this.#folders, name)),
  };

  async #change(purpose: string, work: (stand: Stand) => Promise<void>): Promise<void> {
    await this.#alone(purpose, async () => work(await openStand(this.#folders)), SHORT_CHANGE_WAIT_MS);
  }

  async #boot(purpose: string, name: string, work: (stand: Stand, machine: StandMachine) => Promise<void>) {
    await this.#change(purpose, async (stand) => {
      const machine = machineOf(stand, name);
      assertIsUp(stand);
      await finishRestore(this.#folders);
      await work(stand, machine);
    });
  }

  async #changeFaults(
    purpose: string,
    name: string | undefined,
    change: (faults: Faults, stand: Stand) => Faults,
  ): Promise<void> {
    await this.#change(purpose, async (stand) => {
      if (name !== undefined) machineOf(stand, name);
      assertIsUp(stand);
      const faults = change((await readRuntime(this.#folders)).faults, stand);
      await loadFaults(this.#folders.namespace, faults);
      await changeRuntime(this.#folders, { faults });
    });
  }

  async #alone<Result>(purpose: string, work: () => Promise<Result>, waitMs = LONG_CHANGE_WAIT_MS): Promise<Result> {
    assertLinuxRoot();
    const refusal = "Another command runs on the same stand; try again when it has ended";
    return withLock({ key: this.#folders.lock, purpose: `\`ring ${purpose}\``, refusal, waitMs }, work);
  }
}
