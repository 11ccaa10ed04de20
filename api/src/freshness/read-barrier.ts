import { setImmediate as nextTurn } from "node:timers/promises";

/** How sure a read may be of what it sees. */
export type Freshness = "confirmed" | "stale";

export interface BarrierOptions {
  /** How long a read waits for its confirmation while the last refresh reached the primary. */
  readonly timeoutMs: number;
  /** The same while the primary is unreachable; a refused connection answers sooner. */
  readonly unreachableTimeoutMs: number;
  /** Minimum time between the starts of two refreshes: under load, more reads share each one. */
  readonly minIntervalMs: number;
  /** While several reads share a refresh, refreshes start this far apart and the process sleeps between them; 0: never. */
  readonly batchIntervalMs: number;
  /** Whether a write waits for the database: then the process wakes up in between to take the answer. */
  readonly hasOpenWrites: () => boolean;
  /** Minimum time between the starts of two attempts while the primary is unreachable. */
  readonly retryIntervalMs: number;
  /** How often a refresh runs without reads, so that changes do not pile up. */
  readonly idleIntervalMs: number;
  /** False only to show that the tests of linearizability can fail: reads are then answered without confirmation. */
  readonly enabled: boolean;
}

export interface BarrierEvents {
  refreshed(durationMs: number, reads: number): void;
  failed(error: unknown): void;
}

/** How the barrier sees time; a test has its own. */
export interface Clock {
  /** Milliseconds, as performance.now(). */
  now(): number;
  /** Returns a function that cancels the action. */
  after(durationMs: number, action: () => void): () => void;
  /** Blocks the whole thread, its event loop included: what arrives meanwhile waits in the kernel. */
  sleepUntil(timeMs: number): void;
}

const CELL = new Int32Array(new SharedArrayBuffer(4));

const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (durationMs, action) => {
    const timer = setTimeout(action, durationMs);
    return () => clearTimeout(timer);
  },
  sleepUntil: (timeMs) => {
    const durationMs = timeMs - performance.now();
    if (durationMs > 0) Atomics.wait(CELL, 0, 0, durationMs);
  },
};

/** With 64 or more reads per refresh, requests already batch: sleeping would save little CPU and delay many clients. */
const SELF_BATCHING_READS = 64;

/**
 * How often a sleeping process checks for the answers of writes. Most writes are answered by then, the standby's disk
 * included. A shorter interval woke the process twice in a sleep of 20 ms, for 4 % more CPU.
 */
const WRITE_CHECK_INTERVAL_MS = 10;

/** The calls that share one refresh. */
interface Round {
  readonly outcome: Promise<Freshness>;
  /** The outcome, or stale once the read that opened the round has waited for its timeout. */
  readonly answer: Promise<Freshness>;
  readonly settle: (freshness: Freshness) => void;
  reads: number;
}

/**
 * Makes reads from memory linearizable: a read waits for a refresh that started after the read arrived. At most one
 * refresh runs at a time, and all reads that arrive meanwhile share the next one, so the database's cost does not depend
 * on the number of reads. etcd's ReadIndex works the same way.
 *
 * When the primary cannot be reached, the reads that waited for that attempt are answered from memory, marked stale. A
 * read never waits longer than its timeout.
 */
export class ReadBarrier {
  /** The round that reads arriving now belong to; it has not started. */
  #next: Round | undefined;
  #running = false;
  #scheduled = false;
  #closed = false;
  #reachable = false;
  #lastStart = Number.NEGATIVE_INFINITY;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #cancelIdle: () => void = () => {};

  constructor(
    readonly refresh: () => Promise<void>,
    readonly options: BarrierOptions,
    readonly events: BarrierEvents,
    readonly clock: Clock = SYSTEM_CLOCK,
  ) {}

  get reachable(): boolean {
    return this.#reachable;
  }

  /** Time since the start of the last successful refresh: a stale answer misses nothing older than this. */
  get ageMs(): number {
    return this.clock.now() - this.#confirmedAt;
  }

  /** Resolves, and never rejects, once the model is as new as this call or cannot be shown to be. */
  wait(): Promise<Freshness> {
    if (!this.options.enabled) return CONFIRMED;
    return this.#join().answer;
  }

  /** Resolves once a refresh that started after this call has succeeded. Rejects at the deadline (performance.now()). */
  async confirmed(deadline: number): Promise<void> {
    for (;;) {
      const leftMs = deadline - this.clock.now();
      if (leftMs <= 0 || this.#closed) throw new Error("the primary could not be reached in time");
      if ((await withinTimeout(this.#join().outcome, leftMs, this.clock)) === "confirmed") return;
    }
  }

  /** Starts the refreshes that run without reads, the first one at once. */
  start(): void {
    this.#join();
  }

  close(): void {
    this.#closed = true;
    this.#cancelIdle();
    this.#next?.settle("stale");
    this.#next = undefined;
  }

  #join(): Round {
    this.#next ??= newRound(this.#reachable ? this.options.timeoutMs : this.options.unreachableTimeoutMs, this.clock);
    this.#next.reads += 1;
    if (!this.#running && !this.#scheduled) this.#schedule();
    return this.#next;
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#cancelIdle();
    const interval = this.#reachable ? this.options.minIntervalMs : this.options.retryIntervalMs;
    const waitMs = this.#lastStart + interval - this.clock.now();
    // Even without a wait, the reads of this turn of the event loop can join.
    if (waitMs > 0) this.clock.after(waitMs, () => this.#run());
    else setImmediate(() => this.#run());
  }

  /**
   * Whether to sleep until the next refresh is due. A read that arrives can only wait for that refresh, and waking up for
   * it costs more CPU than answering it: reads that are taken from the network together cost a third less.
   */
  #batches({ reads }: Round): boolean {
    return this.options.batchIntervalMs > 0 && this.#reachable && reads > 1 && reads < SELF_BATCHING_READS;
  }

  async #sleepUntil(end: number): Promise<void> {
    await answersLeave();
    while (this.options.hasOpenWrites() && this.clock.now() + WRITE_CHECK_INTERVAL_MS < end) {
      this.clock.sleepUntil(this.clock.now() + WRITE_CHECK_INTERVAL_MS);
      await answersLeave();
    }
    this.clock.sleepUntil(end);
  }

  async #run(): Promise<void> {
    this.#scheduled = false;
    const round = this.#next;
    if (!round || this.#closed) return;
    this.#next = undefined;
    this.#running = true;
    const started = this.clock.now();
    this.#lastStart = started;
    try {
      await this.refresh();
      this.#reachable = true;
      this.#confirmedAt = started;
      this.events.refreshed(this.clock.now() - started, round.reads);
      round.settle("confirmed");
    } catch (error) {
      this.#reachable = false;
      this.events.failed(error);
      round.settle("stale");
    }
    if (this.#batches(round)) await this.#sleepUntil(started + this.options.batchIntervalMs);
    this.#running = false;
    if (this.#closed) return;
    if (this.#next) this.#schedule();
    else {
      const { idleIntervalMs, retryIntervalMs } = this.options;
      this.#cancelIdle = this.clock.after(this.#reachable ? idleIntervalMs : retryIntervalMs, () => this.#join());
    }
  }
}

/** Lets the event loop read what has arrived and write the answers. */
async function answersLeave(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

const CONFIRMED: Promise<Freshness> = Promise.resolve("confirmed");

function newRound(timeoutMs: number, clock: Clock): Round {
  const { promise, resolve } = Promise.withResolvers<Freshness>();
  return { outcome: promise, answer: withinTimeout(promise, timeoutMs, clock), settle: resolve, reads: 0 };
}

function withinTimeout(outcome: Promise<Freshness>, timeoutMs: number, clock: Clock): Promise<Freshness> {
  return new Promise((resolve) => {
    // After a pause of the process (CPU quota), an overdue timer fires before an answer that arrived long ago is read:
    // read the sockets once more before giving up.
    const cancel = clock.after(timeoutMs, () => setImmediate(() => resolve("stale")));
    outcome.then((freshness) => {
      cancel();
      resolve(freshness);
    });
  });
}
