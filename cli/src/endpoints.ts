import type { Inventory, Role } from "@goldenring/stand";
import type { Context } from "./context.ts";

/** What a person opens: the service's port on its machine, and what its URL looks like at a host and port. */
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
    const place = at(service);
    if (place !== undefined) found[service] = SERVICES[service].url(place);
  }
  return found;
}

/** Where the services of a stand are opened from this computer. @throws {RingError} (noStand) */
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

/** The lab's services, at the ports of this computer that lead to them. */
function forwardedEndpoints(ports: Readonly<Record<string, number>>): Endpoints {
  return urls((service) => (ports[service] === undefined ? undefined : `127.0.0.1:${ports[service]}`));
}
