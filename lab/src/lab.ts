import { existsSync } from "node:fs";
import { removeStand, takeDown } from "./down.ts";
import { DEFAULT_HOME, type Folders, foldersOf } from "./folders.ts";
import { assertLinuxRoot, ensurePackages } from "./host/packages.ts";
import { isAlive } from "./host/processes.ts";
import { isOff, powerOff } from "./machine/power.ts";
import { type Direction, healed, loadFaults, withCut, withLoss } from "./network/faults.ts";
import { assertStandName, type Limit, planAddresses, planAlertWebhook } from "./plan.ts";
import { LabProblem } from "./problem.ts";
import type { TaskOptions } from "./progress.ts";
import type { UpOptions } from "./settle.ts";
import { deleteSnapshot, listSnapshots, type Snapshot, type SnapshotOptions } from "./snapshots/catalogue.ts";
import { finishRestore, restoreSnapshot } from "./snapshots/restore.ts";
import { saveSnapshot } from "./snapshots/save.ts";
import { assertIsUp, isUp, machineOf, openStand, type Stand, startMachine, waitForMachines } from "./stand.ts";
import { withLock } from "./state/lock.ts";
import { changeRuntime, type Faults, readRuntime } from "./state/runtime.ts";
import { writeSettings } from "./state/settings.ts";
import { type MachineStatus, statusOf } from "./status.ts";
import { applyLimits, bringUp, type UpResult } from "./up.ts";

/** Name of what a person opens, such as `api`, and the port of 127.0.0.1 that leads there. */
export type Forwards = Readonly<Record<string, number>>;

/** What waits for its turn this long is not turned away: two faults at the same moment, a test beside a person. */
const SHORT_WAIT_SECONDS = 30;
const LONG_WAIT_SECONDS = 2;

/**
 * The stand's machines on this computer. Every method may be called from any process; those that change something exclude each other.
 * All reject with `LabProblem` (a message for the user), `StandBusy` among them; anything else is a defect.
 */
export class Lab {
  readonly #home: string;
  readonly #folders: Folders;

  /**
   * @param home folder of images and stands; default: RING_HOME, /var/lib/goldenring
   * @param stand default: RING_STAND, lab
   */
  constructor({ home, stand }: { readonly home?: string; readonly stand?: string } = {}) {
    this.#home = home ?? (process.env.RING_HOME || DEFAULT_HOME);
    this.#folders = foldersOf(this.#home, assertStandName(stand ?? (process.env.RING_STAND || "lab")));
  }

  /** The file that the other rooms and the playbook read; written by `up`. */
  get inventory(): string {
    return this.#folders.inventory;
  }

  get exists(): boolean {
    return existsSync(this.#folders.settings);
  }

  /** Makes what is missing and starts what is off; waits until all machines can be reached by ssh. */
  async up(options: UpOptions = {}): Promise<UpResult> {
    assertLinuxRoot();
    await ensurePackages(options);
    return this.#alone("up", LONG_WAIT_SECONDS, () => bringUp(this.#folders, options));
  }

  /** Shuts the machines down and removes everything but the files; under 20 s, whatever an interrupted run left. */
  async down(options: TaskOptions = {}): Promise<void> {
    assertLinuxRoot();
    await this.#alone("down", LONG_WAIT_SECONDS, () => takeDown(this.#folders, options));
  }

  /**
   * `down`, and then the disks, secrets, keys and snapshots are deleted; so are golden images of older versions that no stand needs.
   *
   * @param image whether to delete the golden image of this version and the downloaded packages too, unless another stand needs them
   */
  async destroy({ image = false, ...options }: TaskOptions & { readonly image?: boolean } = {}): Promise<void> {
    assertLinuxRoot();
    await this.#alone("destroy", LONG_WAIT_SECONDS, async () => {
      await takeDown(this.#folders, options);
      options.onProgress?.("deleting disks, secrets and snapshots");
      await removeStand(this.#folders, this.#home, image);
    });
  }

  async status(): Promise<readonly MachineStatus[]> {
    const stand = await openStand(this.#folders);
    return Promise.all(stand.machines.map((machine) => statusOf(stand, machine)));
  }

  /** Where the stand's alerts are sent: an address of this computer inside the stand's network, where nothing of the lab listens. */
  async alertWebhook(): Promise<string> {
    const { settings } = await openStand(this.#folders);
    return planAlertWebhook(planAddresses(settings.network));
  }

  /** Only those that work now. */
  async forwards(): Promise<Forwards> {
    const { forwards } = await readRuntime(this.#folders);
    const open = await Promise.all(
      Object.entries(forwards).map(async ([name, forward]) =>
        (await isAlive(forward)) ? [[name, forward.port] as const] : [],
      ),
    );
    return Object.fromEntries(open.flat());
  }

  /**
   * True only when no process of the machine is left and none is about to be started: neither a machine out of reach nor one that
   * reboots is off. Takes a few milliseconds and waits for nobody.
   */
  async isOff(name: string): Promise<boolean> {
    return isOff(machineOf(await openStand(this.#folders), name).power);
  }

  /** Hard: no goodbye on the network. Resolves when the machine is off for certain; one that is off already stays so. */
  async powerOff(name: string): Promise<void> {
    await this.#change("power off", async (stand) => powerOff(machineOf(stand, name).power));
  }

  /** Resolves when it starts to boot; nothing happens to one that runs. */
  async powerOn(name: string): Promise<void> {
    await this.#change("power on", async (stand) => {
      const machine = machineOf(stand, name);
      assertIsUp(stand);
      await finishRestore(this.#folders);
      if (await isOff(machine.power)) await startMachine(stand, machine);
    });
  }

  /** As the button: off hard, and on. */
  async reset(name: string): Promise<void> {
    await this.#change("reset", async (stand) => {
      const machine = machineOf(stand, name);
      assertIsUp(stand);
      await finishRestore(this.#folders);
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

  /** Loses packets at random outside the machine; 0 percent ends it. Replaces an earlier loss of the same direction. */
  async loss(name: string, percent: number, direction: Direction): Promise<void> {
    await this.#changeFaults("loss", name, (faults) => withLoss(faults, name, percent, direction));
  }

  /** @param from cuts it off from this machine only; default: from everything, also from the operator */
  async cut(name: string, from?: string): Promise<void> {
    await this.#changeFaults("cut", name, (faults, stand) => {
      if (from === name) throw new LabProblem(`${name} cannot be cut off from itself.`);
      return withCut(faults, name, from === undefined ? undefined : machineOf(stand, from).name);
    });
  }

  /** Ends all network faults of one machine, default: of all; also of machines that are off. A stand that is down has none. */
  async heal(name?: string): Promise<void> {
    if (!isUp(this.#folders)) return;
    await this.#changeFaults("heal", name, (faults) => healed(faults, name));
  }

  /** The network faults in force. */
  async faults(): Promise<Faults> {
    return (await readRuntime(this.#folders)).faults;
  }

  /** Holds for a running machine at once, and after each start of it. */
  async limit(name: string, change: Partial<Limit>): Promise<void> {
    await this.#change("limit", async ({ settings, ...stand }) => {
      const machine = machineOf({ settings, ...stand }, name);
      const limit = { ...machine.limit, ...settings.limits[name], ...change };
      if (!(limit.cpu >= 0.05) || !(limit.memoryMiB >= 64)) {
        throw new LabProblem(
          `${limit.cpu} CPU and ${limit.memoryMiB} MiB are too little for a machine: at least 0.05 and 64.`,
        );
      }
      const next = { ...settings, limits: { ...settings.limits, [name]: limit } };
      await writeSettings(this.#folders, next);
      await applyLimits({ settings: next, ...stand }, [machine]);
    });
  }

  /** `on`: small machines get what installing software needs; `off`: the limits are real again. */
  async provisioningLimits(state: "on" | "off"): Promise<void> {
    await this.#change("limits", async ({ settings, ...stand }) => {
      const next = { ...settings, provisioning: state === "on" };
      await writeSettings(this.#folders, next);
      await applyLimits({ settings: next, ...stand }, stand.machines);
    });
  }

  readonly snapshots = {
    /** Machines that run are shut down for it, and started again. */
    save: (name: string, options: SnapshotOptions = {}): Promise<void> =>
      this.#alone("snapshot save", LONG_WAIT_SECONDS, () => saveSnapshot(this.#folders, name, options)),
    /** @returns the machines whose disks were put back */
    restore: (name: string, options: SnapshotOptions = {}): Promise<readonly string[]> =>
      this.#alone("snapshot restore", LONG_WAIT_SECONDS, () => restoreSnapshot(this.#folders, name, options)),
    list: (): Promise<readonly Snapshot[]> => listSnapshots(this.#folders),
    delete: (name: string): Promise<void> =>
      this.#alone("snapshot delete", LONG_WAIT_SECONDS, () => deleteSnapshot(this.#folders, name)),
  };

  async #change(purpose: string, work: (stand: Stand) => Promise<void>): Promise<void> {
    assertLinuxRoot();
    await this.#alone(purpose, SHORT_WAIT_SECONDS, async () => work(await openStand(this.#folders)));
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

  async #alone<Result>(purpose: string, waitSeconds: number, work: () => Promise<Result>): Promise<Result> {
    return withLock(this.#folders.lock, { purpose: `\`ring ${purpose}\``, waitSeconds }, work);
  }
}
