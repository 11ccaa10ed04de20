import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { type Inventory, type Role, readLogins, type Server } from "@goldenring/stand";
import { assertIsUp, type Context, noStand } from "./context.ts";

/** The services that a person opens: role of the machine, port there, and URL at a host and port. */
const SERVICES = {
  api: { role: "ingress", port: 80, url: (at: string) => `http://${at}` },
  database: { role: "haproxy", port: 5_000, url: (at: string) => `postgres://${at}/weather` },
  replicas: { role: "haproxy", port: 5_001, url: (at: string) => `postgres://${at}/weather` },
  haproxyStats: { role: "haproxy", port: 7_000, url: (at: string) => `http://${at}/stats` },
  prometheus: { role: "prometheus", port: 9_090, url: (at: string) => `https://${at}` },
  alertmanager: { role: "prometheus", port: 9_093, url: (at: string) => `https://${at}` },
} as const satisfies Readonly<Record<string, { role: Role; port: number; url: (at: string) => string }>>;

type Service = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as readonly Service[];

/** URLs by service; a service that the stand does not offer is missing. */
export type Endpoints = Readonly<Partial<Record<Service, string>>>;

/** @param at host and port of each service, such as `127.0.0.1:5000` */
function urls(at: (service: Service) => string | undefined): Endpoints {
  const found: Partial<Record<Service, string>> = {};
  for (const service of SERVICE_NAMES) {
    const address = at(service);
    if (address !== undefined) found[service] = SERVICES[service].url(address);
  }
  return found;
}

/** Where the services of a stand are opened from this computer. @throws {CommandError} (noStand) */
export async function endpointsOf({ lab, inventory }: Pick<Context, "lab" | "inventory">): Promise<Endpoints> {
  return lab === undefined ? machineEndpoints(await inventory()) : forwardedEndpoints(await lab.forwards());
}

/** The services of real machines, at the machines themselves. */
function machineEndpoints(inventory: Inventory): Endpoints {
  return urls((service) => {
    const { role, port } = SERVICES[service];
    const [machine] = inventory.byRole(role);
    return machine && `${machine.address}:${port}`;
  });
}

/** The lab's services, at the forwarded ports of this computer. */
function forwardedEndpoints(ports: Readonly<Record<string, number>>): Endpoints {
  return urls((service) => (ports[service] === undefined ? undefined : `127.0.0.1:${ports[service]}`));
}

export interface MonitoringServers {
  readonly prometheus: Server;
  readonly alertmanager: Server;
}

/**
 * Where this computer reaches the stand's Prometheus and Alertmanager, with their logins.
 *
 * @throws {CommandError} when there is no stand, it is down, or the playbook has not created the logins yet
 */
export async function monitoringServers(context: Context): Promise<MonitoringServers> {
  const inventory = await context.inventory();
  if (context.lab !== undefined) assertIsUp(await context.lab.status());
  const endpoints = await endpointsOf(context);
  const ca = await readFile(join(inventory.secretsFolder, "ca/ca.crt"), "utf8").catch(() => undefined);
  const logins = await readLogins(inventory).catch((error: Error) => {
    throw new CommandError(`The stand's logins cannot be read: ${error.message}.`);
  });
  const serverOf = (service: "prometheus" | "alertmanager"): Server => {
    const url = endpoints[service];
    const login = logins[service];
    if (url === undefined) throw noStand(`The stand's ${service} cannot be reached: run \`ring up\`.`);
    if (login === undefined || ca === undefined) {
      throw new CommandError(`The stand has no login for ${service} yet: \`ring up\` creates it.`);
    }
    return { url, ca, ...login };
  };
  return { prometheus: serverOf("prometheus"), alertmanager: serverOf("alertmanager") };
}
