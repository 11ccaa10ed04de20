import { LabProblem } from "./problem.ts";

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

/** The machine's sizes in the report of December 2023; the API's are the limits of its pods. */
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

/** A machine of the stand and its sizes; what it is limited to at the moment is another matter. */
export interface PlannedMachine {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly limit: Limit;
  readonly diskGiB: number;
}

/** In the order in which they are listed and started. */
export const MACHINE_NAMES: readonly string[] = Object.keys(KINDS);

/** Whether the database needs the machine to stop cleanly: etcd has its leader key, and prometheus keeps its backup. */
export function isNeededForStop(name: string): boolean {
  const role = Object.entries(KINDS).find(([each]) => each === name)?.[1].role;
  return role === "etcd" || role === "prometheus";
}

export const DEFAULT_NETWORK = "10.88.0.0/24";

/** Least limits of a machine while its software is installed and configured: a quarter of a core would take minutes. */
export const PROVISIONING: Limit = { cpu: 1, memoryMiB: 1_024 };

/** What a person opens: forwarded from the loopback address of the computer into the stand's network. */
export const FORWARDS = [
  { name: "api", machine: "ingress", port: 80, localPort: 8_088 },
  { name: "haproxyStats", machine: "haproxy", port: 7_000, localPort: 7_000 },
  { name: "database", machine: "haproxy", port: 5_000, localPort: 5_000 },
  { name: "replicas", machine: "haproxy", port: 5_001, localPort: 5_001 },
  { name: "prometheus", machine: "prometheus", port: 9_090, localPort: 9_090 },
  { name: "alertmanager", machine: "prometheus", port: 9_093, localPort: 9_093 },
] as const;

export interface AddressPlan {
  /** Canonical: `10.88.0.0/24`. */
  readonly network: string;
  /** Bits of the network part. */
  readonly prefix: number;
  /** The bridge's address: whoever works on the stand from the computer comes from there. */
  readonly operator: string;
  address(offset: number): string;
}

/** @throws LabProblem unless it is a private IPv4 network of 8 to 24 bits */
export function planAddresses(network: string): AddressPlan {
  const problem = new LabProblem(
    `"${network}" is no private IPv4 network: choose one such as ${DEFAULT_NETWORK} (10.x, 172.16-31.x or 192.168.x, at most /24).`,
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

/** Where Alertmanager sends the stand's alerts: to this computer, for whatever listens there inside the stand's network. */
export function planAlertWebhook({ operator }: AddressPlan): string {
  return `http://${operator}:9094/alerts`;
}

/**
 * @param names which machines; all when empty
 * @throws LabProblem when a name is not one of `MACHINE_NAMES`
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
      limit: { cpu, memoryMiB },
      diskGiB,
    }));
}

function assertMachineName(name: string): void {
  if (MACHINE_NAMES.includes(name)) return;
  throw new LabProblem(`There is no machine "${name}"; the machines are ${MACHINE_NAMES.join(", ")}.`);
}

/** The name becomes part of the names of a network namespace, of folders and of cgroups. */
export function assertStandName(stand: string): string {
  if (/^[a-z0-9]{1,8}$/.test(stand)) return stand;
  throw new LabProblem(`"${stand}" cannot name a stand: take 1 to 8 lower-case letters and digits.`);
}

export function assertSnapshotName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) return name;
  throw new LabProblem(
    `"${name}" cannot name a snapshot: take at most 63 letters, digits, dots, hyphens and underscores, a letter or digit first.`,
  );
}
