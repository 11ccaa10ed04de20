import { createHash } from "node:crypto";
import { CommandError } from "@goldenring/run-kit";
import { type Platform, REPLICA_BOUNDS, type ReplicaSize, USUAL_REPLICA } from "@goldenring/stand";

/** CPU in cores, memory in MiB. */
export type Limit = ReplicaSize;

interface Kind {
  /** Group of the inventory. */
  readonly role: string;
  /** Host part of the address. */
  readonly offset: number;
  readonly diskGiB: number;
  /** Undefined: that of the stand's replicas. */
  readonly limit: Limit | undefined;
  /** Of Kubernetes. */
  readonly isNode?: boolean;
}

/** The sizes of the 2023 baseline. */
const USUAL = { limit: { cpu: 2, memoryMiB: 2_048 }, diskGiB: 2 } as const;
const REPLICA = { limit: undefined, diskGiB: 2 } as const;
const NODE = { ...USUAL, diskGiB: 6, isNode: true } as const;
const USUAL_REPLICAS = 3;

const replicaNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `api-${String(index + 1).padStart(2, "0")}`);

const FIRST_REPLICA_OFFSET = 31;
const REPLICAS = replicaNames(REPLICA_BOUNDS.count.max).map((name, index): [string, Kind] => [
  name,
  { role: "api", offset: FIRST_REPLICA_OFFSET + index, ...REPLICA },
]);

/** Their order decides about users of the computer (`firstUser`): what is new comes last. */
const KINDS: Readonly<Record<string, Kind>> = {
  "etcd-01": { role: "etcd", offset: 21, ...USUAL },
  "etcd-02": { role: "etcd", offset: 22, ...USUAL },
  "etcd-03": { role: "etcd", offset: 23, ...USUAL },
  "pg-01": { role: "postgres", offset: 11, ...USUAL, diskGiB: 6 },
  "pg-02": { role: "postgres", offset: 12, ...USUAL, diskGiB: 6 },
  haproxy: { role: "haproxy", offset: 5, ...USUAL },
  ...Object.fromEntries(REPLICAS.slice(0, USUAL_REPLICAS)),
  ingress: { role: "ingress", offset: 7, ...USUAL, limit: { cpu: 1, memoryMiB: 512 } },
  prometheus: { role: "prometheus", offset: 6, ...USUAL, limit: { cpu: 4, memoryMiB: 4_096 } },
  ...Object.fromEntries(REPLICAS.slice(USUAL_REPLICAS)),
  // The control plane runs no replicas: they stay when it is off.
  "k8s-01": { role: "kubernetes", offset: 71, ...NODE },
  "k8s-02": { role: "api", offset: 72, ...NODE },
  "k8s-03": { role: "api", offset: 73, ...NODE },
};

/** A machine of the stand and its planned sizes; `limitOf` has its current limit. */
export interface PlannedMachine {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  /** Ethernet address of its interface. */
  readonly mac: string;
  readonly limit: Limit;
  readonly diskGiB: number;
  /** Of Kubernetes: replicas are pods on it. */
  readonly isNode: boolean;
}

/** Of all machines that a stand may have. */
export const MACHINE_NAMES: readonly string[] = Object.keys(KINDS);
export const USUAL_MACHINES: readonly string[] = withReplicas(MACHINE_NAMES, USUAL_REPLICAS);

/** The same machines with so many replicas. */
export function withReplicas(names: readonly string[], count: number): readonly string[] {
  return [...withoutApi(names), ...replicaNames(count)];
}

/** The same machines with the API as pods. */
export function withNodes(names: readonly string[]): readonly string[] {
  return [...withoutApi(names), ...MACHINE_NAMES.filter((name) => KINDS[name]?.isNode)];
}

function withoutApi(names: readonly string[]): readonly string[] {
  return names.filter((name) => KINDS[name]?.role !== "api" && !KINDS[name]?.isNode);
}

export const platformOf = (names: readonly string[]): Platform =>
  names.some((name) => KINDS[name]?.isNode) ? "kubernetes" : "machines";

/** Network of the pods on a node. */
export const podsOf = ({ address }: PlannedMachine): string => `10.244.${address.split(".")[3]}.0/24`;

/** Whether the database needs the machine to shut down cleanly: etcd has its leader key, and prometheus keeps its backup. */
export const isNeededForStop = (name: string): boolean => /^etcd-|^prometheus$/.test(name);

export const DEFAULT_NETWORK = "10.88.0.0/24";

/** Minimum limits of a machine while its software is installed: a quarter of a core would need minutes. */
export const PROVISIONING: Limit = { cpu: 1, memoryMiB: 1_024 };

/**
 * Memory of the computer that must be free for all machines. Measured on an idle stand: 1.5 GB with its page cache; the rest is for
 * load, the playbook and what the database caches.
 */
export const FREE_MEMORY_GIB = 4;

export interface AddressPlan {
  /** Canonical: `10.88.0.0/24`. */
  readonly network: string;
  /** Bits of the network part. */
  readonly prefix: number;
  /** The bridge's address, from which this computer reaches the machines. */
  readonly operator: string;
  address(offset: number): string;
}

/** @throws {CommandError} unless it is a private IPv4 network of 8 to 24 bits */
export function planAddresses(network: string): AddressPlan {
  const problem = new CommandError(
    `"${network}" is not a private IPv4 network: choose one such as ${DEFAULT_NETWORK} (10.x, 172.16-31.x or 192.168.x, at most /24).`,
  );
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(network);
  if (!match) throw problem;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((byte) => byte > 255) || prefix < 8 || prefix > 24) throw problem;
  const base = ((a * 256 + b) * 256 + c) * 256 + d;
  if (base % 2 ** (32 - prefix) !== 0) throw problem;
  const isPrivate =
    a === 10 || (a === 172 && b >= 16 && b < 32 && prefix >= 12) || (a === 192 && b === 168 && prefix >= 16);
  if (!isPrivate) throw problem;
  const address = (offset: number): string =>
    [24, 16, 8, 0].map((shift) => Math.floor((base + offset) / 2 ** shift) % 256).join(".");
  return { network: `${address(0)}/${prefix}`, prefix, operator: address(1), address };
}

/** Where Alertmanager sends the stand's alerts: to this computer, inside the stand's network. */
export function planAlertWebhook({ operator }: AddressPlan): string {
  return `https://${operator}:9094/alerts`;
}

/**
 * @throws {CommandError} when a name is not one of `MACHINE_NAMES`
 */
export function planMachines(
  network: string,
  names: readonly string[] = USUAL_MACHINES,
  replica: ReplicaSize = USUAL_REPLICA,
): readonly PlannedMachine[] {
  for (const name of names) assertMachineName(name);
  const { address } = planAddresses(network);
  return Object.entries(KINDS)
    .filter(([name]) => names.includes(name))
    .map(([name, { role, offset, limit = replica, diskGiB, isNode = false }]) => ({
      name,
      role,
      address: address(offset),
      mac: macOf(address(offset)),
      limit,
      diskGiB,
      isNode,
    }));
}

/** Locally administered, and as unique as the address. */
const macOf = (address: string): string =>
  ["02", "00", ...address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"))].join(":");

/**
 * Number of a machine's root on the computer, the first of its 65,536 users, in the range that systemd keeps for containers. No two machines
 * of a stand have the same; the stand decides between 110 ranges.
 */
export function firstUser(stand: string, machine: string): number {
  const [byte = 0] = createHash("sha256").update(stand).digest();
  return ((1 + (byte % 110)) * 256 + MACHINE_NAMES.indexOf(machine)) * 65_536;
}

function assertMachineName(name: string): void {
  if (MACHINE_NAMES.includes(name)) return;
  const last = MACHINE_NAMES.at(-1);
  throw new CommandError(`There is no machine "${name}"; the machines are ${USUAL_MACHINES.join(", ")} … ${last}.`);
}

/** @throws {CommandError} (usage) unless so many replicas of this size are possible on a computer of these cores and this memory */
export function assertReplicas(count: number, { cpu, memoryMiB }: ReplicaSize, computer: Limit): void {
  const refuse = (why: string) => new CommandError(why, "usage");
  const bounds = (value: number, { min, max }: { readonly min: number; readonly max: number }, unit: string): void => {
    if (!(value >= min && value <= max)) throw refuse(`${value} ${unit}: ${min} to ${max} are possible.`);
  };
  bounds(count, REPLICA_BOUNDS.count, "replicas");
  const cores = Math.min(REPLICA_BOUNDS.cpu.max, computer.cpu);
  bounds(cpu, { min: REPLICA_BOUNDS.cpu.min, max: cores }, "CPU for each replica, of the computer's cores");
  bounds(memoryMiB, REPLICA_BOUNDS.memoryMiB, "MiB for each replica");
  const neededGiB = FREE_MEMORY_GIB + moreMemoryGiB(count, memoryMiB);
  const existingGiB = computer.memoryMiB / 1_024;
  if (neededGiB <= existingGiB) return;
  throw refuse(
    `${count} replicas of ${memoryMiB} MiB need ${neededGiB.toFixed(1)} GB with the rest of the stand; this computer has ${existingGiB.toFixed(1)} GB.`,
  );
}

/** What the replicas may use beyond those that `FREE_MEMORY_GIB` is for. */
export function moreMemoryGiB(count: number, memoryMiB: number): number {
  return Math.max(0, count * memoryMiB - USUAL_REPLICAS * USUAL_REPLICA.memoryMiB) / 1_024;
}

/** The name becomes part of the names of a network namespace, of folders and of cgroups. */
export function assertStandName(stand: string): string {
  if (/^[a-z0-9]{1,8}$/.test(stand)) return stand;
  throw new CommandError(`"${stand}" cannot name a stand: use 1 to 8 lower-case letters and digits.`);
}

export function assertSnapshotName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) return name;
  throw new CommandError(
    `"${name}" cannot name a snapshot: use at most 63 letters, digits, dots, hyphens and underscores, starting with a letter or digit.`,
  );
}
