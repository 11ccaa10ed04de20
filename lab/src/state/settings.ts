import { existsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { CommandError } from "@goldenring/run-kit";
import { type Platform, RTO, type Rto, type Service, USUAL_REPLICA } from "@goldenring/stand";
import { z } from "zod";
import type { Folders } from "../folders.ts";
import {
  assertReplicas,
  DEFAULT_NETWORK,
  type Limit,
  type PlannedMachine,
  PROVISIONING,
  planAddresses,
  planMachines,
  platformOf,
  withNodes,
  withReplicas,
} from "../plan.ts";
import { namesOf, type TaskOptions } from "../task.ts";
import { writeInventory } from "./inventory-file.ts";
import { readJson, writeJson } from "./json-file.ts";

export const Replica = z.object({ cpu: z.number(), memoryMiB: z.int() }).default(USUAL_REPLICA);

const Settings = z.object({
  network: z.string(),
  machines: z.array(z.string()).min(1),
  replica: Replica,
  rto: z.enum(RTO),
  /** How many replicas a stand on Kubernetes has: its machines do not tell. */
  pods: z.int().optional(),
  /** Name of Kubernetes' programs, beside the golden images. */
  programs: z.string().optional(),
  /** Name of the golden image under the machines' disks: a disk fits no other image. */
  image: z.string().optional(),
  /** Ports of the loopback address that the user chose, by forward. */
  ports: z.record(z.string(), z.int().min(1).max(65_535)).default({}),
  /** Machines have at least the limits of `PROVISIONING`. */
  provisioning: z.boolean(),
});
/** What a stand is, until it is destroyed. */
export type Settings = z.output<typeof Settings>;

export const readSettings = (folders: Folders): Promise<Settings | undefined> => readJson(folders.settings, Settings);

/** Writes the settings, and the inventory that follows from them. */
export function writeSettings(folders: Folders, settings: Settings): void {
  writeJson(folders.settings, settings);
  writeInventory(folders, settings, machinesOf(settings));
}

export const machinesOf = ({ network, machines, replica }: Settings): readonly PlannedMachine[] =>
  planMachines(network, machines, replica);

export const replicasOf = (machines: readonly PlannedMachine[]): number =>
  machines.filter(({ role }) => role === "api").length;

/** The machine's current limit. */
export function limitOf({ provisioning }: Settings, { limit }: PlannedMachine): Limit {
  if (!provisioning) return limit;
  return {
    cpu: Math.max(limit.cpu, PROVISIONING.cpu),
    memoryMiB: Math.max(limit.memoryMiB, PROVISIONING.memoryMiB),
  };
}

export interface UpOptions extends TaskOptions {
  /** Private IPv4 network of the machines; only for a new stand. Default: 10.88.0.0/24. */
  readonly network?: string | undefined;
  /** Names of the machines; only for a new stand. Default: all. */
  readonly machines?: readonly string[];
  /** What replicas are. A stand may move from one to the other. Default: as it was; `machines` for a new stand. */
  readonly platform?: Platform | undefined;
  /** How many API replicas, 1 to 30. Default: as it was; 3 for a new stand. */
  readonly replicas?: number | undefined;
  /** Cores of each. Default: as it was; 0.25 for a new stand. */
  readonly replicaCpu?: number | undefined;
  /** Default: as it was; 128 for a new stand. */
  readonly replicaMemoryMiB?: number | undefined;
  /** Default: as it was; `fast` for a new stand. */
  readonly rto?: Rto | undefined;
  /** Ports of the loopback address by name (`api`, `database` …), kept for later runs; a taken one is replaced by a free one. */
  readonly ports?: Readonly<Partial<Record<Service, number>>> | undefined;
}

interface Newest {
  readonly image: string;
  readonly programs: string;
}

/**
 * The settings that the options ask for. Nothing is written: a refused request leaves nothing.
 *
 * @param newest the golden image for a stand without disks, and the programs for one on Kubernetes
 * @throws {CommandError} when the stand exists with other machines or another network
 */
export async function planSettings(folders: Folders, options: UpOptions, newest: Newest): Promise<Settings> {
  const known = await readSettings(folders);
  const { network } = planAddresses(options.network ?? known?.network ?? DEFAULT_NETWORK);
  const asked = planMachines(network, options.machines ?? known?.machines).map(({ name }) => name);
  if (known) assertSame(known, network, asked);
  const count = options.replicas ?? known?.pods ?? replicasOf(planMachines(network, asked));
  const before = known?.replica ?? USUAL_REPLICA;
  const replica = { cpu: options.replicaCpu ?? before.cpu, memoryMiB: options.replicaMemoryMiB ?? before.memoryMiB };
  // Machines may have been named, and none of the API.
  if (options.replicas !== undefined || count > 0)
    assertReplicas(count, replica, { cpu: availableParallelism(), memoryMiB: totalmem() / 2 ** 20 });
  const platform = options.platform ?? platformOf(asked);
  const isSame = options.replicas === undefined && platform === platformOf(asked);
  const names = platform === "kubernetes" ? withNodes(asked) : isSame ? asked : withReplicas(asked, count);
  const machines = planMachines(network, names).map(({ name }) => name);
  const hasDisks = machines.some((name) => existsSync(folders.machine(name).disk));
  return {
    network,
    machines,
    replica,
    rto: options.rto ?? known?.rto ?? "fast",
    image: (hasDisks ? known?.image : undefined) ?? newest.image,
    ...(platform === "kubernetes" ? { pods: count, programs: newest.programs } : {}),
    ports: { ...known?.ports, ...options.ports },
    // Services keep what they have until the playbook has told them of another size.
    provisioning: known !== undefined && (known.provisioning || !isDeepStrictEqual(known.replica, replica)),
  };
}

function assertSame(known: Settings, network: string, machines: readonly string[]): void {
  const remove = "For others, remove it first: `ring destroy`.";
  if (network !== known.network) throw new CommandError(`The stand has addresses in ${known.network}. ${remove}`);
  const names = namesOf(machinesOf(known));
  if (machines.join(", ") !== names) throw new CommandError(`The stand has the machines ${names}. ${remove}`);
}
