import { startEtcd } from "./faults.ts";
import type { Stand } from "./stand.ts";

/** Services that a fault may have left stopped. Starting one that runs does nothing. */
const UNITS = { postgres: "patroni", haproxy: "haproxy", ingress: "haproxy", api: "goldenring-api" } as const;

/** Ends whatever fault an interrupted run has left: of the network, of the power, of services. What is as it should be stays so. */
export async function putRight(stand: Stand): Promise<void> {
  const { lab } = stand;
  await lab.heal();
  const machines = await lab.status();
  for (const { name, state } of machines) if (state === "off") await lab.powerOn(name);
  await lab.waitUntilReachable(
    stand.withRoles("etcd", "postgres", "haproxy", "ingress", "api").map(({ name }) => name),
  );
  await Promise.all([
    ...stand.withRoles("etcd").map((machine) => startEtcd({ stand }, machine)),
    ...(Object.entries(UNITS) as [keyof typeof UNITS, string][]).flatMap(([role, unit]) =>
      stand.withRoles(role).map((machine) => stand.must(machine, `systemctl start --no-block ${unit}`)),
    ),
  ]);
}
