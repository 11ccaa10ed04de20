import { setImmediate as nextTurn } from "node:timers/promises";
import { sleepUntil } from "./sleep.ts";

/** How sure a read may be of what it sees. */
export type Freshness = "confirmed" | "stale";

export interface BarrierOptions {
  /** While the primary is believed reachable, a read waits this long for its confirmation, ms. */
  readonly patienceMs: number;
  /** While it is not, a read waits this long for an attempt to reach it, ms; a refused connection answers sooner. */
  readonly patienceWhenAwayMs: number;
  /** Refreshes start at least this far apart, ms: under load more reads share each one. */
  readonly minIntervalMs: number;
  /** While several reads share a refresh, refreshes start this far apart and the process sleeps between them, ms; 0: never. */
  readonly gatheringMs: number;
  /** Whether a write waits for the database: then the process looks, in between, whether the answer has come. */
  readonly writesUnderWay: () => boolean;
  /** While the primary is away, attempts start at least this far apart, ms. */
  readonly retryIntervalMs: number;
  /** Without reads, a refresh still runs this often, ms, so that changes do not pile up. */
  readonly idleIntervalMs: number;
  /** False only to show that the tests of linearizability can fail: reads are then answered without confirmation. */
  readonly enabled: boolean;
}

export interface BarrierEvents {
  refreshed(milliseconds: number, reads: number): void;
  failed(error: unknown): void;
}

/** As many reads as this to a refresh come by themselves: there is little to spare, and connections to spare time for. */
const ENOUGH_READS = 64;

/** Most writes are answered by then, the standby's disk included, ms. With a shorter one the process woke up twice in a sleep of 20 ms, for 4 % more CPU. */
const NAP_MS = 10;

/** The calls that share one refresh. */
interface Round {
  readonly outcome: Promise<Freshness>;
  /** The outcome, or stale once the patience of the read that opened the round is over. */
  readonly answer: Promise<Freshness>;
  readonly settle: (freshness: Freshness) => void;
  reads: number;
}

/**
 * Makes reads from memory linearizable: a read waits for a refresh that started after the read arrived. At most one
 * refresh is under way, and all reads that arrive meanwhile share the next one, so the database's cost does not depend
 * on the number of reads (etcd's ReadIndex works so).
 *
 * When the primary cannot be reached, the reads that waited for that attempt are told so and answered from memory as
 * stale. A read never waits longer than its patience.
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
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly refresh: () => Promise<void>,
    readonly options: BarrierOptions,
    readonly events: BarrierEvents,
  ) {}

  get reachable(): boolean {
    return this.#reachable;
  }

  /** Milliseconds since the start of the last refresh that succeeded: what a stale answer is at least as old as. */
  get ageMs(): number {
    return performance.now() - this.#confirmedAt;
  }

  /** Resolves, and never rejects, once the model is as new as this call or cannot be shown to be. */
  wait(): Promise<Freshness> {
    if (!this.options.enabled) return CONFIRMED;
    return this.#join().answer;
  }

  /** Resolves once a refresh that started after this call has succeeded; rejects with the last reason at the deadline. */
  async confirmed(deadline: number): Promise<void> {
    for (;;) {
      const left = deadline - performance.now();
      if (left <= 0 || this.#closed) throw new Error("the primary could not be reached in time");
      if ((await withinPatience(this.#join().outcome, left)) === "confirmed") return;
    }
  }

  /** Begins to refresh on its own, first at once. */
  start(): void {
    this.#join();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#next?.settle("stale");
    this.#next = undefined;
  }

  #join(): Round {
    this.#next ??= newRound(this.#reachable ? this.options.patienceMs : this.options.patienceWhenAwayMs);
    this.#next.reads += 1;
    if (!this.#running && !this.#scheduled) this.#schedule();
    return this.#next;
  }

  #schedule(): void {
    this.#scheduled = true;
    clearTimeout(this.#idle);
    const interval = this.#reachable ? this.options.minIntervalMs : this.options.retryIntervalMs;
    const wait = this.#lastStart + interval - performance.now();
    // Even without a wait the reads of this turn of the event loop get the chance to join.
    if (wait > 0) setTimeout(() => this.#run(), wait);
    else setImmediate(() => this.#run());
  }

  /**
   * Whether to sleep until the next refresh is due. A read that arrives can only wait for that one. To wake up for each costs more CPU
   * than to answer it: taken from the network together, they cost a third less.
   */
  #gathers({ reads }: Round): boolean {
    return this.options.gatheringMs > 0 && this.#reachable && reads > 1 && reads < ENOUGH_READS;
  }

  async #sleepUntil(end: number): Promise<void> {
    await answersLeave();
    while (this.options.writesUnderWay() && performance.now() + NAP_MS < end) {
      sleepUntil(performance.now() + NAP_MS);
      await answersLeave();
    }
    sleepUntil(end);
  }

  async #run(): Promise<void> {
    this.#scheduled = false;
    const round = this.#next;
    if (!round || this.#closed) return;
    this.#next = undefined;
    this.#running = true;
    const started = performance.now();
    this.#lastStart = started;
    try {
      await this.refresh();
      this.#reachable = true;
      this.#confirmedAt = started;
      this.events.refreshed(performance.now() - started, round.reads);
      round.settle("confirmed");
    } catch (error) {
      this.#reachable = false;
      this.events.failed(error);
      round.settle("stale");
    }
    if (this.#gathers(round)) await this.#sleepUntil(started + this.options.gatheringMs);
    this.#running = false;
    if (this.#closed) return;
    if (this.#next) this.#schedule();
    else
      this.#idle = setTimeout(
        () => this.#join(),
        this.#reachable ? this.options.idleIntervalMs : this.options.retryIntervalMs,
      );
  }
}

/** What has come is read, and what it leads to is written. */
async function answersLeave(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

const CONFIRMED: Promise<Freshness> = Promise.resolve("confirmed");

function newRound(patienceMs: number): Round {
  const { promise, resolve } = Promise.withResolvers<Freshness>();
  return { outcome: promise, answer: withinPatience(promise, patienceMs), settle: resolve, reads: 0 };
}

function withinPatience(outcome: Promise<Freshness>, milliseconds: number): Promise<Freshness> {
  return new Promise((resolve) => {
    // After a pause of the process (CPU quota) an overdue timer fires before the answer that has long arrived is read:
    // look at the sockets once more before giving up.
    const timer = setTimeout(() => setImmediate(() => resolve("stale")), milliseconds);
    outcome.then((freshness) => {
      clearTimeout(timer);
      resolve(freshness);
    });
  });
}
