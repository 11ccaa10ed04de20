import { existsSync } from "node:fs";
import type { Folders } from "./folders.ts";
import { readRecipe } from "./image/recipe.ts";
import { FORWARDS, MACHINE_NAMES, planAddresses, planMachines } from "./plan.ts";
import { LabProblem } from "./problem.ts";
import type { TaskOptions } from "./progress.ts";
import { writeInventory } from "./state/inventory-file.ts";
import { machinesOf, NEW_STAND, type Rto, readSettings, type Settings, writeSettings } from "./state/settings.ts";

export interface UpOptions extends TaskOptions {
  /** Private IPv4 network of the machines; only for a new stand. Default: 10.88.0.0/24. */
  readonly network?: string;
  /** Names of the machines; only for a new stand. Default: all. */
  readonly machines?: readonly string[];
  /** Default: as it was, `fast` for a new stand. */
  readonly rto?: Rto;
  /** Ports of the loopback address by name (`api`, `database` …), kept for later runs; one that is taken is replaced by a free one. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Machines get what installing software needs, until `provisioningLimits("off")`; by default they keep what they have. */
  readonly provisioning?: boolean;
}

/**
 * What the stand is from now on: as it was, with what was asked for.
 *
 * @throws LabProblem when it exists with other machines or another network
 */
export async function settle(folders: Folders, options: UpOptions): Promise<Settings> {
  const before = await readSettings(folders);
  if (before) assertSame(before, options);
  const { name: newest } = await readRecipe();
  const machines = planMachines(options.network ?? NEW_STAND.network, options.machines ?? []).map(({ name }) => name);
  const network = planAddresses(options.network ?? NEW_STAND.network).network;
  const base = before ?? { ...NEW_STAND, network, machines };
  const settings = {
    ...base,
    image: isBuiltOn(folders, base) ? base.image : newest,
    rto: options.rto ?? base.rto,
    ports: { ...base.ports, ...checkedPorts(options.ports ?? {}) },
    provisioning: options.provisioning ?? base.provisioning,
  };
  await writeSettings(folders, settings);
  await writeInventory(folders, settings);
  return settings;
}

function checkedPorts(ports: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const names = FORWARDS.map(({ name }) => name as string);
  for (const [name, port] of Object.entries(ports)) {
    if (!names.includes(name)) throw new LabProblem(`There is no port "${name}"; there are ${names.join(", ")}.`);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new LabProblem(`${port} is no TCP port.`);
  }
  return ports;
}

/** Before the first disk is made the image may still be chosen. */
function isBuiltOn(folders: Folders, { image, machines }: Settings): boolean {
  return image !== undefined && machines.some((name) => existsSync(folders.machine(name).disk));
}

function assertSame(settings: Settings, { network, machines }: UpOptions): void {
  if (network !== undefined && planAddresses(network).network !== settings.network) {
    throw new LabProblem(
      `The stand has the network ${settings.network}. For another one, remove it first: \`ring destroy\`.`,
    );
  }
  const wanted = machines && MACHINE_NAMES.filter((name) => machines.length === 0 || machines.includes(name));
  if (
    wanted !== undefined &&
    wanted.join() !==
      machinesOf(settings)
        .map(({ name }) => name)
        .join()
  ) {
    throw new LabProblem(
      `The stand has the machines ${settings.machines.join(", ")}. For others, remove it first: \`ring destroy\`.`,
    );
  }
}
