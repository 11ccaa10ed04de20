import { join } from "node:path";
import type { Inventory } from "@goldenring/stand";
import { openEtcd } from "./etcd.ts";
import type { Fence } from "./fence.ts";
import { FencingResponse, type Surroundings } from "./fencing-response.ts";
import { openLoadBalancer } from "./haproxy.ts";
import { type Entry, Journal } from "./journal.ts";
import { openPostgres } from "./postgres.ts";
import { writeGuardianReport } from "./report.ts";
import { type WatchedState, watch } from "./watch.ts";

export interface GuardianOptions {
  readonly inventory: Inventory;
  readonly fence: Fence;
  /** Existing folder for guardian.log and guardian.json. */
  readonly folder: string;
  readonly onEntry?: (entry: Entry) => void;
  /** Ends the guardian. */
  readonly signal: AbortSignal;
}

/** Milliseconds. */
const REPORT_EVERY = 1_000;

/**
 * Watches the stand's database machines until the signal comes. Runs where the stand can be reached: in the lab inside its namespace.
 *
 * @throws when the stand's secrets are missing
 */
export async function runGuardian({ inventory, fence, folder, onEntry, signal }: GuardianOptions): Promise<void> {
  const journal = new Journal(join(folder, "guardian.log"), onEntry ?? (() => {}));
  const watchedMachines = inventory.byRole("postgres");
  const surroundings: Surroundings = {
    etcd: await openEtcd(inventory),
    proxies: new Map(inventory.byRole("haproxy").map((machine) => [machine.name, openLoadBalancer(machine)])),
    databases: new Map(watchedMachines.map((machine) => [machine.name, openPostgres(machine)])),
  };
  const startedAt = new Date().toISOString();
  const machines: Record<string, WatchedState> = {};
  const report = (): void => {
    const aliveAt = new Date().toISOString();
    writeGuardianReport(folder, { pid: process.pid, startedAt, aliveAt, machines, newest: [...journal.newest] });
  };
  journal.note({ event: "watching", detail: watchedMachines.map(({ name }) => name).join(" ") });
  const reporting = setInterval(report, REPORT_EVERY);
  report();
  try {
    await Promise.all(
      watchedMachines.map((machine) => {
        const watched = {
          name: machine.name,
          isOff: () => fence.isOff(machine),
          pollMs: fence.pollMs,
          respond: (isStillOff: () => Promise<boolean>) =>
            new FencingResponse(machine.name, surroundings, isStillOff, journal.note),
        };
        const onState = (state: WatchedState): void => {
          const isNews = machines[machine.name]?.state !== state.state || machines[machine.name]?.fence !== state.fence;
          machines[machine.name] = state;
          if (isNews) report();
        };
        return watch(watched, journal.note, onState, signal);
      }),
    );
  } finally {
    clearInterval(reporting);
    surroundings.etcd.close();
    for (const open of [...surroundings.proxies.values(), ...surroundings.databases.values()]) open.close();
    journal.note({ event: "stopped" });
  }
}
