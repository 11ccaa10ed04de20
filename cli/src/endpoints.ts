import { type Inventory, SERVICE_NAMES, SERVICES, type Server, type Service, serverLogin } from "@goldenring/stand";
import { assertIsUp, type Context, noStand } from "./context.ts";

/** URLs by service; a service that the stand does not offer is missing. */
export type Endpoints = Readonly<Partial<Record<Service, string>>>;

/** Where the services of a stand are opened from this computer: of the lab at forwarded ports. @throws {CommandError} (noStand) */
export async function endpointsOf({ lab, inventory }: Pick<Context, "lab" | "inventory">): Promise<Endpoints> {
  const addressOf = lab === undefined ? addressesAtMachines(await inventory()) : addressesHere(await lab.forwards());
  const urls = SERVICE_NAMES.map((service) => {
    const address = addressOf(service);
    return [service, address && SERVICES[service].url(address)] as const;
  });
  return Object.fromEntries(urls.filter(([, url]) => url !== undefined));
}

const addressesAtMachines = (inventory: Inventory) => (service: Service) => {
  const { role, port } = SERVICES[service];
  const [machine] = inventory.byRole(role);
  return machine && `${machine.address}:${port}`;
};

const addressesHere = (ports: Readonly<Record<string, number>>) => (service: Service) =>
  ports[service] && `127.0.0.1:${ports[service]}`;

/** Where this computer reaches Prometheus and Alertmanager, with their logins. @throws {CommandError} (noStand) @throws {SecretsError} before the playbook */
export async function monitoringServers(context: Context) {
  const inventory = await context.inventory();
  if (context.lab !== undefined) assertIsUp(await context.lab.status());
  const endpoints = await endpointsOf(context);
  const serverOf = async (service: "prometheus" | "alertmanager"): Promise<Server> => {
    const url = endpoints[service];
    const [machine] = inventory.byRole(SERVICES[service].role);
    if (url === undefined || !machine) throw noStand(`The stand's ${service} cannot be reached: run \`ring up\`.`);
    // What people open may be a page below it.
    return { url: new URL(url).origin, name: machine.name, ...(await serverLogin(inventory, service)) };
  };
  return { prometheus: await serverOf("prometheus"), alertmanager: await serverOf("alertmanager") };
}
