/** How the tests of this folder reach the stand that they run on (RING_STAND). */
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Completed,
  type Inventory,
  type Machine,
  machineNamed,
  type Role,
  readInventory,
  runOn,
  runProgram,
  startProgram,
} from "../../stand/src/index.ts";

export const CHECKOUT = dirname(dirname(import.meta.dirname));
export const CLUSTER = join(CHECKOUT, "cluster");
const RING = join(CHECKOUT, "ring");
/** Longer than anything that a test waits for, three runs of the playbook included. */
const RING_MS = 1_800_000;
const COMMAND_MS = 300_000;
/** A member that starts again refuses for other reasons than those of a test. */
const WELL_S = 120;
const PRINTED_EVERY_MS = 100;

/** What the tests use of `ring status --json`. */
interface Status {
  readonly inventory: string;
  readonly cluster: { readonly leader: string; readonly members: readonly { readonly name: string }[] };
  readonly endpoints: { readonly api: string };
  readonly monitoring: { readonly alertReceiver: { readonly heartbeatAt?: string } };
}

export interface TestedStand {
  readonly inventory: Inventory;
  /** URL of the ingress, on this computer. */
  readonly api: string;
  readonly primary: Machine;
  readonly replica: Machine;
  /** Address of this computer in the stand's network. */
  readonly operator: string;
  machine(name: string | undefined): Machine;
  first(role: Role): Machine;
}

/** @throws where it is down */
export async function openStand(): Promise<TestedStand> {
  await ring("check", "--wait", String(WELL_S));
  const { inventory: file, cluster, endpoints } = await readStatus();
  const inventory = await readInventory(file);
  const machine = (name = "") => known(machineNamed(inventory, name), name);
  return {
    ...{ inventory, machine },
    api: endpoints.api,
    primary: machine(cluster.leader),
    replica: machine(inventory.byRole("postgres").find(({ name }) => name !== cluster.leader)?.name),
    operator: inventory.network.replace(/\.0\/\d+$/, ".1"),
    first: (role) => known(inventory.byRole(role)[0], role),
  };
}

function known(machine: Machine | undefined, what: string): Machine {
  if (machine === undefined) throw new Error(`the stand has no machine for ${what}`);
  return machine;
}

export const readStatus = async (): Promise<Status> => JSON.parse(await ringOrThrow("status", "--json"));

export const ring = (...args: string[]): Promise<Completed> => runProgram([RING, ...args], { deadlineMs: RING_MS });

export async function ringOrThrow(...args: string[]): Promise<string> {
  return outputOf(await ring(...args), `ring ${args.join(" ")}`);
}

/** Starts `ring` with what it may be lost by. */
export function startRing(...args: string[]) {
  const stdio: ["ignore", "ignore", "pipe"] = ["ignore", "ignore", "pipe"];
  const child = startProgram([RING, ...args], { env: process.env, detached: true, stdio });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let log = "";
  child.stderr?.on("data", (text) => {
    log += text;
  });
  return {
    ended,
    /** Resolves when its progress has the text, or it has ended. */
    async printed(text: string): Promise<void> {
      while (!log.includes(text) && child.exitCode === null && child.signalCode === null) await delay(PRINTED_EVERY_MS);
    },
    /** With all that it started. */
    async kill(): Promise<void> {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, "SIGKILL");
      await ended;
    },
  };
}

/** What the command printed, errors included. It may fail. */
export async function run(machine: Machine, command: string, input = ""): Promise<string> {
  const { stdout, stderr } = await runOn(machine, command, { deadlineMs: COMMAND_MS, input });
  return stdout + stderr;
}

export async function runOrThrow(machine: Machine, command: string, deadlineMs = COMMAND_MS): Promise<string> {
  return outputOf(await runOn(machine, command, { deadlineMs }), `${machine.name}: ${command}`).trim();
}

/** SQL as the superuser. */
export const asPostgres = (machine: Machine, statement: string, deadlineMs = COMMAND_MS): Promise<string> =>
  runOrThrow(machine, `cd / && runuser -u postgres -- psql -XAtq -c "${statement}"`, deadlineMs);

/** Runs a part of site.yml. */
export async function playbook({ file }: Inventory, tags: string, variables: object = {}): Promise<void> {
  const argv = ["ansible-playbook", "-i", file, "site.yml", "--tags", tags, "-e", JSON.stringify(variables)];
  const environment = { ...process.env, ANSIBLE_CONFIG: join(CLUSTER, "ansible.cfg") };
  outputOf(await runProgram(argv, { deadlineMs: COMMAND_MS, folder: CLUSTER, environment }), argv.join(" "));
}

function outputOf({ code, stdout, stderr }: Completed, what: string): string {
  if (code === 0) return stdout;
  throw new Error(`${what} ended with ${code}:\n${stdout.slice(-2_000)}${stderr}`);
}
