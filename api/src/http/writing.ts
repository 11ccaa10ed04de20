import type { ChangeFeed } from "../freshness/change-feed.ts";
import type { ReadBarrier } from "../freshness/read-barrier.ts";
import type { WriteKind, Writes } from "../writes/statements.ts";
import { QueueFull, type WriteQueue, WriteRefused, WriteUnconfirmed } from "../writes/write-queue.ts";
import { Problem } from "./problem.ts";

/** The way every write takes: into the queue, with the outcomes that a client can be told. */
export class Writer {
  /** Changes that wait for their snapshot: they count as waiting writes, or they would pile up while the primary is away. */
  #confirming = 0;

  constructor(
    readonly queue: WriteQueue,
    readonly feed: ChangeFeed,
    readonly barrier: ReadBarrier,
    /** ms from a write's arrival to its 503. */
    readonly deadlineMs: number,
    readonly overBudget: () => boolean,
  ) {}

  /** Throws Problem: 409, 503 with Retry-After, or 507. */
  async add<K extends "addCity" | "addForecast">(kind: K, input: Writes[K]["input"]): Promise<Writes[K]["output"]> {
    if (this.overBudget()) throw new Problem(507, "the data have reached the memory budget of this service");
    this.#requireRoom();
    return this.#submit(kind, input, performance.now() + this.deadlineMs);
  }

  /**
   * A change carries a snapshot taken after it arrived, which makes it safe to repeat (see writes/statements.ts).
   * Throws as `add` does.
   */
  async change<K extends "renameCity" | "changeForecast">(
    kind: K,
    input: Omit<Writes[K]["input"], "asOf">,
  ): Promise<Writes[K]["output"]> {
    this.#requireRoom();
    const deadline = performance.now() + this.deadlineMs;
    this.#confirming += 1;
    try {
      await this.barrier.confirmed(deadline);
    } catch (error) {
      throw unconfirmed(error instanceof Error ? error.message : String(error));
    } finally {
      this.#confirming -= 1;
    }
    return this.#submit(kind, { ...input, asOf: this.feed.snapshot } as Writes[K]["input"], deadline);
  }

  #requireRoom(): void {
    if (this.queue.depth + this.#confirming >= this.queue.options.capacity) throw tooMany();
  }

  async #submit<K extends WriteKind>(
    kind: K,
    input: Writes[K]["input"],
    deadline: number,
  ): Promise<Writes[K]["output"]> {
    try {
      return await this.queue.submit(kind, input, deadline);
    } catch (error) {
      if (error instanceof QueueFull) throw tooMany();
      if (error instanceof WriteUnconfirmed) throw unconfirmed("the database did not confirm the write in time");
      if (error instanceof WriteRefused) throw new Problem(409, error.message);
      throw error;
    }
  }
}

function unconfirmed(reason: string): Problem {
  return new Problem(503, `${reason}: it is not known to be done`, { headers: { "retry-after": "5" } });
}

function tooMany(): Problem {
  return new Problem(503, "too many writes are waiting; this one was not accepted", {
    headers: { "retry-after": "1" },
  });
}
