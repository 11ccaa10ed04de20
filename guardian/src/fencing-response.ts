import { messageOf } from "@goldenring/stand";
import type { Etcd } from "./etcd.ts";
import type { Note } from "./journal.ts";
import type { LoadBalancer, Postgres } from "./services.ts";

/** What is left to do, by what it is called in a note; a step returns whether it is complete. */
type Steps = Map<string, () => Promise<boolean>>;

/** What the guardian acts on; services by the names of their machines. */
export interface Cluster {
  readonly etcd: Pick<Etcd, "leadership" | "release">;
  readonly proxies: ReadonlyMap<string, LoadBalancer>;
  readonly databases: ReadonlyMap<string, Pick<Postgres, "endReplication">>;
}

/**
 * The response to a database machine that is off: frees everything that waits for it. Before each step that changes something the fence is
 * asked again: power may have come back.
 */
export function fencingResponse(
  machine: string,
  { etcd, proxies, databases }: Cluster,
  isStillOff: () => Promise<boolean>,
  note: Note,
) {
  const markDown = async (name: string, proxy: LoadBalancer): Promise<boolean> => {
    if (!(await isStillOff())) return false;
    const listeners = await proxy.markDown(machine);
    note({ machine, event: "marked down", detail: `in ${name}: ${listeners.join(" ") || "no listener has it"}` });
    return true;
  };
  /** Deletes the machine's leader key, or ends the replication that waits for it. */
  const freeCluster = async (): Promise<boolean> => {
    const leadership = await etcd.leadership();
    // An election is under way, and who waits for this machine is not known before its end.
    if (leadership === undefined || !(await isStillOff())) return false;
    const { leader } = leadership;
    if (leader === machine) {
      const isReleased = await etcd.release(leadership);
      if (isReleased) note({ machine, event: "leader key released" });
      return isReleased;
    }
    const primary = databases.get(leader);
    if (primary === undefined) throw new Error(`the leader ${leader} is not in the inventory`);
    const ended = await primary.endReplication(machine);
    note({ machine, event: "replication ended", detail: `${ended} connections on ${leader}` });
    return true;
  };
  const steps: Steps = new Map([["free the cluster", freeCluster]]);
  for (const [name, proxy] of proxies) steps.set(`mark down in ${name}`, () => markDown(name, proxy));
  return responseOf(machine, steps, note);
}

/** Each step is carried out once; one that failed is tried again at the next attempt. */
export function responseOf(machine: string, steps: Steps, note: Note) {
  /** Why a step failed the last time: the same failure is noted once. */
  const failures = new Map<string, string>();
  const run = async ([name, step]: readonly [string, () => Promise<boolean>]): Promise<void> => {
    try {
      if (await step()) steps.delete(name);
    } catch (error) {
      const why = messageOf(error);
      if (failures.get(name) !== why) note({ machine, event: `could not ${name}`, detail: why });
      failures.set(name, why);
    }
  };
  return {
    async attempt(): Promise<boolean> {
      await Promise.all([...steps].map(run));
      return steps.size === 0;
    },
  };
}
export type FencingResponse = ReturnType<typeof responseOf>;
