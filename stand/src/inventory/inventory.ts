/** What a machine is for: the names of the groups that cluster/ installs. */
/** A node of Kubernetes that runs pods of the API has the role api, too: requests find it there. */
export const ROLES = ["etcd", "postgres", "haproxy", "api", "ingress", "prometheus", "kubernetes"] as const;
export type Role = (typeof ROLES)[number];

/**
 * The services that a person opens: role of the machine, port there, and URL at a host and port. In the lab they are forwarded from
 * `localPort` of the loopback address.
 */
/** Debian's Prometheus has only the older of its two user interfaces. */
export const SERVICES = {
  api: { role: "ingress", port: 80, localPort: 8_088, url: (at: string) => `http://${at}` },
  database: { role: "haproxy", port: 5_000, localPort: 5_000, url: (at: string) => `postgres://${at}/weather` },
  replicas: { role: "haproxy", port: 5_001, localPort: 5_001, url: (at: string) => `postgres://${at}/weather` },
  haproxyStats: { role: "haproxy", port: 7_000, localPort: 7_000, url: (at: string) => `https://${at}/stats` },
  prometheus: { role: "prometheus", port: 9_090, localPort: 9_090, url: (at: string) => `https://${at}/classic/graph` },
  alertmanager: { role: "prometheus", port: 9_093, localPort: 9_093, url: (at: string) => `https://${at}` },
} as const satisfies Readonly<
  Record<string, { role: Role; port: number; localPort: number; url: (at: string) => string }>
>;

export type Service = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as readonly Service[];

/** The recovery time: docs/cluster.md lists what each value sets. */
export const RTO = ["fast", "norm", "safe"] as const;
export type Rto = (typeof RTO)[number];

/** What each API replica may use: CPU in cores, memory in MiB. */
export interface ReplicaSize {
  readonly cpu: number;
  readonly memoryMiB: number;
}

/** A pod of the 2023 baseline; of those there were three. */
export const USUAL_REPLICA: ReplicaSize = { cpu: 0.25, memoryMiB: 128 };

/**
 * The lab has addresses for 30. With less CPU a start takes longer than the playbook waits; 80 MiB are the runtime's, and the load tests need
 * 48 for data.
 */
export const REPLICA_BOUNDS = {
  count: { min: 1, max: 30 },
  cpu: { min: 0.1, max: 64 },
  memoryMiB: { min: 128, max: 65_536 },
} as const;

/** What the API runs on: a machine for each replica, or pods on nodes of Kubernetes. */
export const PLATFORMS = ["machines", "kubernetes"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** How a machine is reached, as Ansible's variables say. */
export interface SshSettings {
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly keyFile: string | undefined;
  /** Words of `ansible_ssh_common_args` and `ansible_ssh_extra_args`. */
  readonly args: readonly string[];
  /** Commands become root by `sudo -n` (`ansible_become`). */
  readonly sudo: boolean;
}

export interface Machine {
  readonly name: string;
  /** The machine's address inside the stand's network: an IP address or a host name. */
  readonly address: string;
  readonly roles: readonly Role[];
  readonly ssh: SshSettings;
}

export interface Inventory {
  /** Absolute path of the file. */
  readonly file: string;
  readonly standName: string;
  /** IPv4 network in CIDR form, in which the machines may talk to each other. */
  readonly network: string;
  /** Absolute path of a folder that only the operator can read. */
  readonly secretsFolder: string;
  readonly rto: Rto;
  /** Name of the network namespace in which the lab's machines can be reached; undefined for real machines. */
  readonly labNamespace: string | undefined;
  /** Arguments in which `{name}` and `{address}` stand for a machine; exit code 0 means that it is off for certain. */
  readonly fenceCommand: readonly string[] | undefined;
  /** The same form; exit code 0 means that the machine was turned off and is off for certain. */
  readonly powerOffCommand?: readonly string[] | undefined;
  /** The same form; turns it on. */
  readonly powerOnCommand?: readonly string[] | undefined;
  /** Name of the machine that takes the backups; empty or undefined for none. */
  readonly backupHost?: string | undefined;
  /** The same for all replicas. */
  readonly replica: ReplicaSize;
  /** In the order of the file. */
  readonly machines: readonly Machine[];
  byRole(role: Role): readonly Machine[];
}

export function machineNamed(inventory: Inventory, name: string): Machine | undefined {
  return inventory.machines.find((machine) => machine.name === name);
}

/** The words of a command of the inventory, about one machine. */
export function commandFor({ name, address }: Machine, words: readonly string[]): string[] {
  return words.map((word) => word.replaceAll("{name}", name).replaceAll("{address}", address));
}

export class InventoryError extends Error {
  override readonly name = "InventoryError";

  /** @param problems everything that is wrong with it */
  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    super(`${file} cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  }
}
