import type { Etcd } from "./etcd.ts";
import type { LoadBalancer } from "./haproxy.ts";
import type { Note } from "./journal.ts";
import type { Postgres } from "./postgres.ts";

/** What the guardian acts on, by the names of the machines. */
export interface Surroundings {
  readonly etcd: Etcd;
  readonly proxies: ReadonlyMap<string, LoadBalancer>;
  readonly databases: ReadonlyMap<string, Postgres>;
}

/**
 * The answer to one machine that is off: everything that waits for it is told. Each step is done once; one that failed is
 * tried again at the next attempt. Before each step that changes something the fence is asked again: power may have come back.
 */
export class FencingResponse {
  readonly #machine: string;
  readonly #surroundings: Surroundings;
  readonly #isStillOff: () => Promise<boolean>;
  readonly #note: Note;
  readonly #todo: Map<string, () => Promise<boolean>>;
  /** Why a step failed the last time: the same is not said twice. */
  readonly #failures = new Map<string, string>();

  constructor(machine: string, surroundings: Surroundings, isStillOff: () => Promise<boolean>, note: Note) {
    this.#machine = machine;
    this.#surroundings = surroundings;
    this.#isStillOff = isStillOff;
    this.#note = note;
    const proxies = [...surroundings.proxies].map(([name, proxy]) => {
      return [`mark down in ${name}`, () => this.#markDown(name, proxy)] as const;
    });
    this.#todo = new Map([["free the cluster", () => this.#freeCluster()], ...proxies]);
  }

  /** Tries what is still to be done. @returns whether nothing is left */
  async attempt(): Promise<boolean> {
    await Promise.all(
      [...this.#todo].map(async ([name, step]) => {
        try {
          if (await step()) this.#todo.delete(name);
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          if (this.#failures.get(name) !== why) this.#say(`could not ${name}`, why);
          this.#failures.set(name, why);
        }
      }),
    );
    return this.#todo.size === 0;
  }

  async #markDown(name: string, proxy: LoadBalancer): Promise<boolean> {
    if (!(await this.#isStillOff())) return false;
    const listeners = await proxy.markDown(this.#machine);
    this.#say("marked down", `in ${name}: ${listeners.join(" ") || "no listener has it"}`);
    return true;
  }

  /** Gives up the machine's leadership, or ends the replication that waits for it. */
  async #freeCluster(): Promise<boolean> {
    const leadership = await this.#surroundings.etcd.leadership();
    // An election is under way, and who waits for this machine is not known before its end.
    if (leadership === undefined || !(await this.#isStillOff())) return false;
    if (leadership.leader === this.#machine) {
      const isReleased = await this.#surroundings.etcd.release(leadership);
      if (isReleased) this.#say("leader key released");
      return isReleased;
    }
    const primary = this.#surroundings.databases.get(leadership.leader);
    if (primary === undefined) throw new Error(`the leader ${leadership.leader} is not in the inventory`);
    const ended = await primary.endReplication(this.#machine);
    this.#say("replication ended", `${ended} connections on ${leadership.leader}`);
    return true;
  }

  #say(event: string, detail?: string): void {
    this.#note({ machine: this.#machine, event, ...(detail === undefined ? {} : { detail }) });
  }
}
