import { createHash } from "node:crypto";
import { CommandError } from "@goldenring/run-kit";

/** CPU in cores, memory in MiB. */
export interface Limit {
  readonly cpu: number;
  readonly memoryMiB: number;
}

interface Kind extends Limit {
  /** Group of the inventory. */
  readonly role: string;
  /** Host part of the address. */
  readonly offset: number;
  readonly diskGiB: number;
}

/** The sizes of the 2023 baseline; the API's are the limits of its pods. */
const USUAL = { cpu: 2, memoryMiB: 2_048, diskGiB: 2 } as const;
const REPLICA = { cpu: 0.25, memoryMiB: 128, diskGiB: 2 } as const;

const KINDS = {
  "etcd-01": { role: "etcd", offset: 21, ...USUAL },
  "etcd-02": { role: "etcd", offset: 22, ...USUAL },
  "etcd-03": { role: "etcd", offset: 23, ...USUAL },
  "pg-01": { role: "postgres", offset: 11, ...USUAL, diskGiB: 6 },
  "pg-02": { role: "postgres", offset: 12, ...USUAL, diskGiB: 6 },
  haproxy: { role: "haproxy", offset: 5, ...USUAL },
  "api-01": { role: "api", offset: 31, ...REPLICA },
  "api-02": { role: "api", offset: 32, ...REPLICA },
  "api-03": { role: "api", offset: 33, ...REPLICA },
  ingress: { role: "ingress", offset: 7, ...USUAL, cpu: 1, memoryMiB: 512 },
  prometheus: { role: "prometheus", offset: 6, ...USUAL, cpu: 4, memoryMiB: 4_096 },
} as const satisfies Readonly<Record<string, Kind>>;

/** A machine of the stand and its planned sizes; `limitOf` has its current limit. */
export interface PlannedMachine {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  /** Ethernet address of its interface. */
  readonly mac: string;
  readonly limit: Limit;
  readonly diskGiB: number;
}

export const MACHINE_NAMES: readonly string[] = Object.keys(KINDS);

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
 * @param names which machines; all when empty
 * @throws {CommandError} when a name is not one of `MACHINE_NAMES`
 */
export function planMachines(network: string, names: readonly string[] = []): readonly PlannedMachine[] {
  for (const name of names) assertMachineName(name);
  const { address } = planAddresses(network);
  return Object.entries(KINDS)
    .filter(([name]) => names.length === 0 || names.includes(name))
    .map(([name, { role, offset, cpu, memoryMiB, diskGiB }]) => ({
      name,
      role,
      address: address(offset),
      mac: macOf(address(offset)),
      limit: { cpu, memoryMiB },
      diskGiB,
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
  throw new CommandError(`There is no machine "${name}"; the machines are ${MACHINE_NAMES.join(", ")}.`);
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
