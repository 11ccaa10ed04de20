import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readLogins, type Server } from "@goldenring/stand";
import { assertIsUp } from "./commands/status.ts";
import { type Context, noStand } from "./context.ts";
import { endpointsOf } from "./endpoints.ts";
import { RingError } from "./exit.ts";

export interface MonitoringServers {
  readonly prometheus: Server;
  readonly alertmanager: Server;
}

/**
 * Where this computer reaches the stand's Prometheus and Alertmanager, and how they let it in.
 *
 * @throws {RingError} when there is no stand, it is down, or the playbook has not made their logins yet
 */
export async function monitoringServers(context: Context): Promise<MonitoringServers> {
  const inventory = await context.inventory();
  if (context.lab !== undefined) assertIsUp(await context.lab.status());
  const endpoints = await endpointsOf(context);
  const ca = await readFile(join(inventory.secretsFolder, "ca/ca.crt"), "utf8").catch(() => undefined);
  const logins = await readLogins(inventory).catch((error: Error) => {
    throw new RingError(`The stand's logins cannot be read: ${error.message}.`);
  });
  const serverOf = (service: "prometheus" | "alertmanager"): Server => {
    const url = endpoints[service];
    const login = logins[service];
    if (url === undefined) throw noStand(`Nothing leads to the stand's ${service}: \`ring up\` mends that.`);
    if (login === undefined || ca === undefined) {
      throw new RingError(`The stand has no login for ${service} yet: \`ring up\` makes one.`);
    }
    return { url, ca, ...login };
  };
  return { prometheus: serverOf("prometheus"), alertmanager: serverOf("alertmanager") };
}
