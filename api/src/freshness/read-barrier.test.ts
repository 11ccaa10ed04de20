import { afterEach, describe, expect, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { type BarrierOptions, type Clock, type Freshness, ReadBarrier } from "./read-barrier.ts";

/** Long enough that no timer interferes. */
const NEVER_MS = 60_000;

/** Time that passes only in `advance`, or while the barrier sleeps. */
class TestClock implements Clock {
  readonly sleptMs: number[] = [];
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly action: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(durationMs: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + durationMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  sleepUntil(timeMs: number): void {
    this.sleptMs.push(timeMs - this.#nowMs);
    this.#nowMs = timeMs;
  }

  /** Fires each timer at its time. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (!next) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.action();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** Refreshes that the test ends. */
class Refreshes {
  started = 0;
  running = 0;
  maxRunning = 0;
  #end: { succeed: () => void; fail: (error: Error) => void } | undefined;

  readonly refresh = (): Promise<void> => {
    this.started += 1;
    this.running += 1;
    this.maxRunning = Math.max(this.maxRunning, this.running);
    return new Promise((succeed, fail) => {
      this.#end = { succeed, fail };
    });
  };

  async succeed(): Promise<void> {
    this.running -= 1;
    this.#end?.succeed();
    await settle();
  }

  async fail(): Promise<void> {
    this.running -= 1;
    this.#end?.fail(new Error("unreachable"));
    await settle();
  }
}

/** Lets everything happen that waits for no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

const open: ReadBarrier[] = [];
afterEach(() => {
  for (const barrier of open.splice(0)) barrier.close();
});

function barrierOn(
  refresh: () => Promise<void>,
  options: Partial<BarrierOptions> = {},
  clock: Clock = new TestClock(),
): ReadBarrier {
  const barrier = new ReadBarrier(
    refresh,
    {
      timeoutMs: NEVER_MS,
      unreachableTimeoutMs: NEVER_MS,
      minIntervalMs: 0,
      batchIntervalMs: 0,
      hasOpenWrites: () => false,
      retryIntervalMs: 0,
      idleIntervalMs: NEVER_MS,
      enabled: true,
      ...options,
    },
    { refreshed: () => {}, failed: () => {} },
    clock,
  );
  open.push(barrier);
  return barrier;
}

/** The outcome of a promise so far. */
function watched(promise: Promise<Freshness>): { outcome: Freshness | "waits" } {
  const seen: { outcome: Freshness | "waits" } = { outcome: "waits" };
  void promise.then((freshness) => {
    seen.outcome = freshness;
  });
  return seen;
}

describe("a read", () => {
  test("is confirmed by the refresh after it, not by the one that runs when it arrives", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh);
    const first = watched(barrier.wait());
    await settle();
    const second = watched(barrier.wait());
    await refreshes.succeed();
    expect([first.outcome, second.outcome]).toEqual(["confirmed", "waits"]);
    expect(refreshes.started).toBe(2);
    await refreshes.succeed();
    expect(second.outcome).toBe("confirmed");
  });

  test("shares its refresh with all that arrive before that starts", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh);
    const early = Array.from({ length: 100 }, () => watched(barrier.wait()));
    await settle();
    const late: { outcome: string }[] = [];
    for (let index = 0; index < 100; index += 1) {
      late.push(watched(barrier.wait()));
      if (index % 10 === 0) await nextTurn();
    }
    await refreshes.succeed();
    await refreshes.succeed();
    expect(new Set([...early, ...late].map(({ outcome }) => outcome))).toEqual(new Set(["confirmed"]));
    expect(refreshes.started).toBe(2);
  });

  test("is stale at once when the refresh it waits for is refused", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh);
    const read = watched(barrier.wait());
    await settle();
    await refreshes.fail();
    expect(read.outcome).toBe("stale");
    expect(barrier.reachable).toBe(false);
  });

  test("is stale when its timeout ends, which is shorter while the primary is unreachable", async () => {
    const clock = new TestClock();
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh, { timeoutMs: 400, unreachableTimeoutMs: 30 }, clock);
    const timedOutAfter = async (timeoutMs: number): Promise<void> => {
      const read = watched(barrier.wait());
      await clock.advance(timeoutMs - 1);
      expect(read.outcome).toBe("waits");
      await clock.advance(1);
      expect(read.outcome).toBe("stale");
    };
    // Before the first refresh the primary counts as unreachable.
    await settle();
    await timedOutAfter(30);
    await refreshes.succeed();
    await timedOutAfter(400);
  });

  test("is confirmed again once the primary is reachable again", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh);
    const first = watched(barrier.wait());
    await settle();
    await refreshes.fail();
    const second = watched(barrier.wait());
    await settle();
    await refreshes.succeed();
    expect([first.outcome, second.outcome]).toEqual(["stale", "confirmed"]);
    expect(barrier.reachable).toBe(true);
  });

  test("is not left waiting when the barrier closes", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh);
    const under = watched(barrier.wait());
    await settle();
    const next = watched(barrier.wait());
    barrier.close();
    await refreshes.succeed();
    expect([under.outcome, next.outcome]).toEqual(["confirmed", "stale"]);
    expect(refreshes.started).toBe(1);
  });

  test("waits for nothing while the barrier is off", async () => {
    const refreshes = new Refreshes();
    expect(await barrierOn(refreshes.refresh, { enabled: false }).wait()).toBe("confirmed");
    expect(refreshes.started).toBe(0);
  });
});

test("the age of the model counts from the start of the last successful refresh", async () => {
  const clock = new TestClock();
  const refreshes = new Refreshes();
  const barrier = barrierOn(refreshes.refresh, {}, clock);
  expect(barrier.ageMs).toBe(Number.POSITIVE_INFINITY);
  void barrier.wait();
  await settle();
  await clock.advance(40);
  await refreshes.succeed();
  expect(barrier.ageMs).toBe(40);
  void barrier.wait();
  await settle();
  await clock.advance(5);
  await refreshes.fail();
  expect(barrier.ageMs).toBe(45);
});

describe("refreshes", () => {
  test("start the minimum interval apart while reads never end", async () => {
    const clock = new TestClock();
    const startedAtMs: number[] = [];
    const barrier = barrierOn(async () => void startedAtMs.push(clock.now()), { minIntervalMs: 20 }, clock);
    const reads = async (): Promise<void> => {
      while (startedAtMs.length < 6) await barrier.wait();
    };
    const done = reads();
    await settle();
    await clock.advance(200);
    await done;
    expect(startedAtMs.slice(0, 6)).toEqual([0, 20, 40, 60, 80, 100]);
  });

  test("run without reads, at the idle interval, or at that of retries while the primary is unreachable", async () => {
    const clock = new TestClock();
    let unreachable = true;
    let refreshes = 0;
    const barrier = barrierOn(
      async () => {
        refreshes += 1;
        if (unreachable) throw new Error("unreachable");
      },
      { retryIntervalMs: 10, idleIntervalMs: 60 },
      clock,
    );
    barrier.start();
    await settle();
    await clock.advance(100);
    expect(refreshes).toBe(11);
    unreachable = false;
    await clock.advance(10);
    refreshes = 0;
    await clock.advance(300);
    expect(refreshes).toBe(5);
    barrier.close();
    await clock.advance(300);
    expect(refreshes).toBe(5);
  });
});

describe("batching", () => {
  /** How far apart refreshes start while this many readers each read twenty times. */
  async function intervalsMs(readers: number, batchIntervalMs: number): Promise<ReadonlySet<number>> {
    const clock = new TestClock();
    const startedAtMs: number[] = [];
    const barrier = barrierOn(async () => void startedAtMs.push(clock.now()), { batchIntervalMs }, clock);
    const read = async (): Promise<void> => {
      for (let count = 0; count < 20; count += 1) expect(await barrier.wait()).toBe("confirmed");
    };
    await Promise.all(Array.from({ length: readers }, read));
    return new Set(startedAtMs.slice(1).map((atMs, index) => atMs - (startedAtMs[index] ?? 0)));
  }

  test("keeps refreshes apart for several readers, but neither for one reader nor for a crowd", async () => {
    expect(await intervalsMs(3, 15)).toEqual(new Set([15]));
    expect(await intervalsMs(63, 15)).toEqual(new Set([15]));
    for (const [readers, batchIntervalMs] of [
      [1, 15],
      [64, 15],
      [3, 0],
    ] as const)
      expect(await intervalsMs(readers, batchIntervalMs)).toEqual(new Set([0]));
  });

  test("answers the reads that have waited before the process sleeps", async () => {
    const clock = new TestClock();
    const barrier = barrierOn(() => nextTurn(), { batchIntervalMs: 200 }, clock);
    await barrier.wait();
    const sleepsBefore = await Promise.all(
      [barrier.wait(), barrier.wait()].map((read) => read.then(() => clock.sleptMs.length)),
    );
    expect(sleepsBefore).toEqual([0, 0]);
    await settle();
    expect(clock.sleptMs).toEqual([200]);
  });

  test("wakes up every 10 ms for the answers of writes, as long as a write is open", async () => {
    const clock = new TestClock();
    let openWrites = 2;
    // Each time the process wakes up, the answer to one write has come.
    const hasOpenWrites = (): boolean => {
      if (clock.sleptMs.length > 0) openWrites -= 1;
      return openWrites > 0;
    };
    const barrier = barrierOn(() => nextTurn(), { batchIntervalMs: 300, hasOpenWrites }, clock);
    await barrier.wait();
    await Promise.all([barrier.wait(), barrier.wait()]);
    for (let turn = 0; turn < 5; turn += 1) await settle();
    expect(clock.sleptMs).toEqual([10, 10, 280]);
  });

  test("never starts while the primary is unreachable", async () => {
    const clock = new TestClock();
    const barrier = barrierOn(() => Promise.reject(new Error("unreachable")), { batchIntervalMs: 200 }, clock);
    await Promise.all([barrier.wait(), barrier.wait()]);
    await settle();
    expect(clock.sleptMs).toEqual([]);
  });
});

describe("a wait for a confirmation", () => {
  test("outlasts failures until a refresh that started after the call succeeds", async () => {
    const clock = new TestClock();
    const refreshes = new Refreshes();
    const options = { retryIntervalMs: 1, timeoutMs: 5, unreachableTimeoutMs: 5 };
    const barrier = barrierOn(refreshes.refresh, options, clock);
    void barrier.wait();
    await settle();
    let confirmed = false;
    const waiting = barrier.confirmed(clock.now() + NEVER_MS).then(() => {
      confirmed = true;
    });
    await refreshes.succeed();
    expect(confirmed).toBe(false);
    for (let failure = 0; failure < 3; failure += 1) {
      await clock.advance(10);
      await refreshes.fail();
      expect(confirmed).toBe(false);
    }
    await clock.advance(10);
    await refreshes.succeed();
    await waiting;
  });

  test("ends at its deadline while refreshes fail or stay unanswered", async () => {
    for (const refresh of [() => Promise.reject(new Error("unreachable")), () => new Promise<void>(() => {})]) {
      const clock = new TestClock();
      const barrier = barrierOn(refresh, { retryIntervalMs: 5 }, clock);
      let failure = "";
      const waiting = barrier.confirmed(60).catch((error: unknown) => {
        failure = String(error);
      });
      await clock.advance(59);
      expect(failure).toBe("");
      await clock.advance(1);
      await waiting;
      expect(failure).toContain("could not be reached in time");
    }
  });
});

type Step = "a read arrives" | "the refresh succeeds" | "the refresh fails" | "time passes";

test("whatever the order of events, a read is answered by the first refresh that starts after it, and one runs at a time", async () => {
  const steps = fc.array(
    fc.constantFrom<Step>(
      "a read arrives",
      "a read arrives",
      "the refresh succeeds",
      "the refresh fails",
      "time passes",
    ),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (order) => {
      const refreshes = new Refreshes();
      const barrier = barrierOn(refreshes.refresh);
      const outcomes: ("confirmed" | "stale")[] = [];
      const reads: { refreshesBefore: number; answer: Promise<Freshness>; answeredAfter?: number }[] = [];
      const end = async (how: "confirmed" | "stale"): Promise<void> => {
        if (refreshes.running === 0) return;
        outcomes.push(how);
        await (how === "confirmed" ? refreshes.succeed() : refreshes.fail());
      };
      for (const step of order) {
        if (step === "a read arrives") {
          const read: (typeof reads)[number] = { refreshesBefore: refreshes.started, answer: barrier.wait() };
          void read.answer.then(() => {
            read.answeredAfter = outcomes.length;
          });
          reads.push(read);
        } else if (step === "time passes") await settle();
        else await end(step === "the refresh succeeds" ? "confirmed" : "stale");
      }
      await settle();
      while (refreshes.running > 0 && reads.some(({ answeredAfter }) => answeredAfter === undefined)) {
        await end("confirmed");
        await settle();
      }
      barrier.close();

      expect(refreshes.maxRunning).toBeLessThanOrEqual(1);
      for (const { refreshesBefore, answer, answeredAfter } of reads) {
        expect(answeredAfter).toBe(refreshesBefore + 1);
        expect(await answer).toBe(outcomes[refreshesBefore] as Freshness);
      }
    }),
    { numRuns: 1_000 },
  );
});
