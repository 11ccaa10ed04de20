import type { DatabasePlace, InsideNetwork, LoadDeps, StandUnderLoad } from "@goldenring/load";
import { type CommandContext, runsFolder, terminalOutput } from "@goldenring/run-kit";
import { type Inventory, inNamespace, loginOf, readAuthority } from "@goldenring/stand";
import type { Context } from "../context.ts";
import { endpointsOf } from "../endpoints.ts";
import { resize } from "./up.ts";

/** The dependencies of `ring load`: a stand that is up is the target unless another is named. */
export function loadDeps(openContext: () => Promise<Context>, command: CommandContext): LoadDeps {
  const stand = async (): Promise<StandUnderLoad | undefined> => standUnderLoad(await openContext());
  return { ...command, output: terminalOutput(), runs: runsFolder("load"), stand };
}

/** Undefined where no stand is up: then the user must name a target. */
async function standUnderLoad(context: Context): Promise<StandUnderLoad | undefined> {
  const inventory = await context.inventory().catch(() => undefined);
  if (inventory === undefined) return undefined;
  const { api, database } = await endpointsOf(context);
  if (api === undefined) return undefined;
  const inside = insideOf(inventory);
  const replicas = inventory.byRole("api");
  return {
    target: api,
    hosts: inventory.machines.flatMap(({ name, address }) => [name, address]),
    machines: inventory.machines,
    ...(replicas.length === 0 ? {} : { size: { replicas: replicas.length, ...inventory.replica } }),
    ...(context.lab === undefined ? {} : { resize: (size, signal) => resize({ ...context, signal }, size) }),
    ...(inside === undefined ? {} : { inside }),
    ...(database === undefined ? {} : { database: () => databasePlace(inventory, database) }),
  };
}

/** Undefined for real machines, which this computer reaches directly. */
function insideOf(inventory: Inventory): InsideNetwork | undefined {
  const [ingress] = inventory.byRole("ingress");
  if (inventory.labNamespace === undefined || ingress === undefined) return undefined;
  return { target: `http://${ingress.address}`, command: (argv) => inNamespace(inventory, argv) };
}

/** Connects as the API does; the password stays in this process. */
async function databasePlace(inventory: Inventory, endpoint: string): Promise<DatabasePlace> {
  const { user, password } = await loginOf(inventory, "database");
  const [proxy] = inventory.byRole("haproxy");
  const url = new URL(endpoint);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  const name = `stand ${inventory.standName}${url.pathname}`;
  return { url: url.href, name, tls: { ca: await readAuthority(inventory, "servers"), servername: proxy?.name ?? "" } };
}
