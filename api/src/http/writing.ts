import { createHash, randomUUID } from "node:crypto";
import type { ChangeFeed } from "../freshness/change-feed.ts";
import type { ReadBarrier } from "../freshness/read-barrier.ts";
import type { Growth } from "../memory/growth.ts";
import { ENTRY_COLUMNS_BYTES } from "../model/block.ts";
import type { ReadModel } from "../model/read-model.ts";
import { messageOf } from "../operations/log.ts";
import { KEY_DIGITS, WriteError, type WriteKind, type Writes } from "../writes/statements.ts";
import type { WriteQueue } from "../writes/write-queue.ts";
import { CHANGED_MEANWHILE, KEY_REUSED, Problem } from "./problem.ts";

/** What a write would make of the data. */
export interface Change {
  /** The row as JSON; a new row's id may be 0. */
  readonly json: string;
  /** The row that it changes, as the model has it. */
  readonly before?: Uint8Array | undefined;
}

/** Takes every write to the queue and turns its outcome into an answer. */
export class Writer {
  /** Changes that wait for their snapshot. They count as waiting writes, so that they do not pile up without a primary. */
  #confirming = 0;

  constructor(
    readonly queue: WriteQueue,
    readonly feed: ChangeFeed,
    readonly barrier: ReadBarrier,
    /** From a write's arrival to its 503. */
    readonly deadlineMs: number,
    readonly growth: Growth,
    /** A write was not accepted. */
    readonly onRefused: (reason: "data" | "queue") => void,
  ) {}

  /** Throws Problem: 409, 422, 503 with Retry-After, or 507. */
  async add<K extends "addCity" | "addForecast">(
    kind: K,
    input: Writes[K]["input"],
    change: Change,
  ): Promise<Writes[K]["output"]> {
    return this.#admitted(change, () => this.#submit(kind, input, performance.now() + this.deadlineMs));
  }

  /**
   * A change carries a snapshot taken after it arrived, so that it can be repeated (see writes/statements.ts). Throws as
   * `add`, and Problem 412.
   *
   * @param condition whether the row is as the client expects it; the change is made only if it is
   */
  async change<K extends "renameCity" | "changeForecast">(
    kind: K,
    input: Omit<Writes[K]["input"], "asOf" | "condition">,
    change: Change,
    condition: ((model: ReadModel | undefined) => boolean) | undefined,
  ): Promise<Writes[K]["output"]> {
    return this.#admitted(change, async () => {
      const deadline = performance.now() + this.deadlineMs;
      this.#confirming += 1;
      try {
        await this.barrier.confirmed(deadline);
      } catch (error) {
        throw unconfirmed(messageOf(error));
      } finally {
        this.#confirming -= 1;
      }
      const { model, snapshot } = this.feed;
      // Without a key, too: the queue finds its own earlier attempt by its identity.
      const conditional = condition && {
        condition: condition(model),
        request: input.request ?? randomUUID().replaceAll("-", ""),
      };
      return this.#submit(kind, { ...input, ...conditional, asOf: snapshot } as Writes[K]["input"], deadline);
    });
  }

  /** Closes the door before the data do not fit. What shrinks or keeps its size always fits. */
  async #admitted<Output>(change: Change, write: () => Promise<Output>): Promise<Output> {
    const settle = this.growth.admit(growthOf(change));
    if (!settle) {
      this.onRefused("data");
      throw new Problem(507, FULL, { quiet: true });
    }
    try {
      if (this.queue.depth + this.#confirming >= this.queue.options.capacity) throw this.#tooMany();
      const output = await write();
      settle("stored");
      return output;
    } catch (error) {
      settle(error instanceof Problem && error.status === 503 ? "unknown" : "not stored");
      throw error;
    } finally {
      if (this.growth.settledBytes > MAX_UNSEEN_BYTES) this.barrier.start();
    }
  }

  #tooMany(): Problem {
    this.onRefused("queue");
    return new Problem(503, "too many writes are waiting; this one was not accepted", {
      headers: { "retry-after": "1" },
      quiet: true,
    });
  }

  async #submit<K extends WriteKind>(
    kind: K,
    input: Writes[K]["input"],
    deadline: number,
  ): Promise<Writes[K]["output"]> {
    try {
      return await this.queue.submit(kind, input, deadline);
    } catch (error) {
      const failure = error instanceof WriteError ? error.failure : undefined;
      if (failure === "queue full") throw this.#tooMany();
      if (failure === "unconfirmed") throw unconfirmed("the database did not confirm the write in time");
      if (failure === "refused") throw new Problem(409, messageOf(error));
      if (failure === "key reused") throw new Problem(422, KEY_REUSED);
      if (failure === "not as expected") throw new Problem(412, CHANGED_MEANWHILE);
      throw error;
    }
  }
}

function unconfirmed(reason: string): Problem {
  return new Problem(503, `${reason}: it may or may not be stored`, { headers: { "retry-after": "5" } });
}

const FULL =
  "the data fill the memory of this service: nothing was stored. Remove data, or give the service more memory; changes " +
  "that do not make a row longer are still accepted";

/** With more growth that the model does not show, it is refreshed without a read. */
const MAX_UNSEEN_BYTES = 524_288;

function growthOf({ json, before }: Change): number {
  const bytes = Buffer.byteLength(json);
  return before ? bytes - before.length : bytes + ENTRY_COLUMNS_BYTES;
}

const PRINTABLE = /^[\x21-\x7e]{1,255}$/;

/**
 * Identifies a write, so that it can be sent again and is done once: hashes of its header `Idempotency-Key`
 * (draft-ietf-httpapi-idempotency-key-header) and of what it writes. 128 bits as hexadecimal digits; null without the
 * header. Throws Problem 400.
 *
 * @param content what is written, always as the same text
 */
export function requestIdentity(request: Request, content: string): string | null {
  const key = request.headers.get("idempotency-key");
  if (key === null) return null;
  if (!PRINTABLE.test(key)) throw new Problem(400, "Idempotency-Key must be 1 to 255 visible ASCII characters");
  return sha256(key).slice(0, KEY_DIGITS) + sha256(content).slice(0, 32 - KEY_DIGITS);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
