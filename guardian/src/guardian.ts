import type { Inventory, Machine } from "@goldenring/stand";
import { openEtcd } from "./etcd.ts";
import type { Fence } from "./fence.ts";
import { type Cluster, fencingResponse } from "./fencing-response.ts";
import { type Entry, type GuardianReport, guardianReport, openJournal } from "./journal.ts";
import { openLoadBalancer, openPostgres } from "./services.ts";
import { type WatchedState, watch } from "./watch.ts";

export interface GuardianOptions {
  readonly inventory: Inventory;
  readonly fence: Fence;
  /** Existing folder for guardian.log and guardian.json. */
  readonly folder: string;
  readonly onEntry: (entry: Entry) => void;
  readonly signal: AbortSignal;
}

/** Watches the database machines until the signal aborts; in the lab inside its namespace. @throws {SecretsError} */
export async function runGuardian({ inventory, fence, folder, onEntry, signal }: GuardianOptions): Promise<void> {
  const journal = openJournal(folder, onEntry);
  const watched = inventory.byRole("postgres");
  const cluster: Cluster = {
    etcd: await openEtcd(inventory),
    proxies: new Map(inventory.byRole("haproxy").map((machine) => [machine.name, openLoadBalancer(machine)])),
    databases: new Map(watched.map((machine) => [machine.name, openPostgres(machine)])),
  };
  const machines: GuardianReport["machines"] = {};
  journal.note({ event: "watching", detail: watched.map(({ name }) => name).join(" ") });
  const report = guardianReport.keep(folder, () => ({ machines, newest: journal.newest() }));
  const watchMachine = (machine: Machine): Promise<void> => {
    const { name } = machine;
    const onState = (next: WatchedState): void => {
      const known = machines[name];
      machines[name] = next;
      if (known?.state !== next.state || known.fence !== next.fence) report.renew();
    };
    return watch(
      {
        name,
        isOff: () => fence.isOff(machine),
        pollMs: fence.pollMs,
        respond: (isStillOff) => fencingResponse(name, cluster, isStillOff, journal.note),
      },
      journal.note,
      onState,
      signal,
    );
  };
  try {
    await Promise.all(watched.map(watchMachine));
  } finally {
    report.stop();
    for (const open of [cluster.etcd, ...cluster.proxies.values(), ...cluster.databases.values()]) open.close();
    journal.note({ event: "stopped" });
  }
}
