import { afterEach, describe, expect, test } from "bun:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { type BarrierOptions, type Freshness, ReadBarrier } from "./read-barrier.ts";

/** Long enough that no timer interferes, ms. */
const NEVER = 60_000;

/** Refreshes that end when the test says so. */
class Refreshes {
  started = 0;
  underWay = 0;
  mostUnderWay = 0;
  readonly startedAt: number[] = [];
  #end: { succeed: () => void; fail: (error: Error) => void } | undefined;

  readonly refresh = (): Promise<void> => {
    this.started += 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    this.startedAt.push(performance.now());
    return new Promise((succeed, fail) => {
      this.#end = { succeed, fail };
    });
  };

  async succeed(): Promise<void> {
    this.underWay -= 1;
    this.#end?.succeed();
    await settle();
  }

  async fail(): Promise<void> {
    this.underWay -= 1;
    this.#end?.fail(new Error("out of reach"));
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

function barrierOn(refresh: () => Promise<void>, options: Partial<BarrierOptions> = {}): ReadBarrier {
  const barrier = new ReadBarrier(
    refresh,
    {
      patienceMs: NEVER,
      patienceWhenAwayMs: NEVER,
      minIntervalMs: 0,
      gatheringMs: 0,
      writesUnderWay: () => false,
      retryIntervalMs: 0,
      idleIntervalMs: NEVER,
      enabled: true,
      ...options,
    },
    { refreshed: () => {}, failed: () => {} },
  );
  open.push(barrier);
  return barrier;
}

/** What has become of a promise by now. */
function watched(promise: Promise<Freshness>): { outcome: Freshness | "waits" } {
  const seen: { outcome: Freshness | "waits" } = { outcome: "waits" };
  void promise.then((freshness) => {
    seen.outcome = freshness;
  });
  return seen;
}

describe("a read", () => {
  test("is not confirmed by a refresh that was under way when it arrived, but by the next one", async () => {
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

  test("is stale when its patience ends, and sooner while the primary is away", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh, { patienceMs: 400, patienceWhenAwayMs: 30 });
    const timed = async (): Promise<number> => {
      const started = performance.now();
      expect(await barrier.wait()).toBe("stale");
      return performance.now() - started;
    };
    // Not reached yet counts as away.
    const whileAway = await timed();
    await refreshes.succeed();
    const whileReachable = await timed();
    expect(whileAway).toBeGreaterThanOrEqual(29);
    expect(whileAway).toBeLessThan(399);
    expect(whileReachable).toBeGreaterThanOrEqual(399);
  });

  test("is confirmed again after an absence", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh);
    const first = watched(barrier.wait());
    await settle();
    await refreshes.fail();
    const second = watched(barrier.wait());
    await delay(5);
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

describe("the age of the model", () => {
  test("counts from the start of the last refresh that succeeded", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh);
    expect(barrier.ageMs).toBe(Number.POSITIVE_INFINITY);
    void barrier.wait();
    await settle();
    await delay(40);
    await refreshes.succeed();
    const ageAfterSuccess = barrier.ageMs;
    expect(ageAfterSuccess).toBeGreaterThanOrEqual(39);
    void barrier.wait();
    await settle();
    await refreshes.fail();
    expect(barrier.ageMs).toBeGreaterThanOrEqual(ageAfterSuccess);
  });
});

describe("refreshes", () => {
  test("start at least the interval apart under reads without end", async () => {
    const startedAt: number[] = [];
    const barrier = barrierOn(
      async () => {
        startedAt.push(performance.now());
      },
      { minIntervalMs: 20 },
    );
    const until = performance.now() + 200;
    while (performance.now() < until) await barrier.wait();
    const gaps = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0));
    // The first one is a retry still: the primary has not been reached before it.
    expect(Math.min(...gaps.slice(1))).toBeGreaterThanOrEqual(18);
    expect(gaps.length).toBeGreaterThan(3);
  });

  test("go on without reads, at the idle interval or, while the primary is away, at that of retries", async () => {
    let away = true;
    let refreshes = 0;
    const barrier = barrierOn(
      async () => {
        refreshes += 1;
        if (away) throw new Error("out of reach");
      },
      { retryIntervalMs: 10, idleIntervalMs: 60 },
    );
    barrier.start();
    await delay(150);
    const whileAway = refreshes;
    away = false;
    await delay(30);
    refreshes = 0;
    await delay(300);
    expect(whileAway).toBeGreaterThanOrEqual(4);
    expect(refreshes).toBeGreaterThanOrEqual(1);
    expect(refreshes).toBeLessThanOrEqual(6);
    barrier.close();
    refreshes = 0;
    await delay(100);
    expect(refreshes).toBe(0);
  });
});

describe("gathering", () => {
  /** How far apart refreshes start while so many readers go on reading, ms: the median. */
  async function apart(readers: number, gatheringMs: number): Promise<number> {
    const startedAt: number[] = [];
    const barrier = barrierOn(
      async () => {
        startedAt.push(performance.now());
      },
      { gatheringMs },
    );
    const until = performance.now() + 300;
    const read = async (): Promise<void> => {
      while (performance.now() < until) expect(await barrier.wait()).toBe("confirmed");
    };
    await Promise.all(Array.from({ length: readers }, read));
    const gaps = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0));
    return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? Number.NaN;
  }

  test("holds refreshes apart while several read, and neither one reader nor a crowd", async () => {
    expect(await apart(3, 15)).toBeGreaterThanOrEqual(14);
    expect(await apart(1, 15)).toBeLessThan(10);
    expect(await apart(100, 15)).toBeLessThan(10);
    expect(await apart(3, 0)).toBeLessThan(10);
  });

  test("answers those who have waited before it begins", async () => {
    const barrier = barrierOn(() => nextTurn(), { gatheringMs: 200 });
    await barrier.wait();
    const started = performance.now();
    const waited = Promise.all([barrier.wait(), barrier.wait()]).then(() => performance.now() - started);
    expect(await waited).toBeLessThan(100);
    // Let it pass: it holds the next test up, too.
    await delay(1);
  });

  test("is interrupted for the answers to writes, while there are any", async () => {
    /** How long something that was due in 10 ms is held up, ms. */
    const heldUp = async (writesUnderWay: () => boolean): Promise<number> => {
      const barrier = barrierOn(() => nextTurn(), { gatheringMs: 300, writesUnderWay });
      await barrier.wait();
      const started = performance.now();
      const due = delay(10).then(() => performance.now() - started);
      await Promise.all([barrier.wait(), barrier.wait()]);
      return due;
    };
    expect(await heldUp(() => false)).toBeGreaterThan(250);
    expect(await heldUp(() => true)).toBeLessThan(150);
  });

  test("never begins while the primary is away", async () => {
    const barrier = barrierOn(() => Promise.reject(new Error("out of reach")), { gatheringMs: 200 });
    const started = performance.now();
    await Promise.all([barrier.wait(), barrier.wait()]);
    await delay(1);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe("a wait for a confirmation", () => {
  test("outlasts failures until a refresh that started after the call succeeds", async () => {
    const refreshes = new Refreshes();
    const barrier = barrierOn(refreshes.refresh, { retryIntervalMs: 1, patienceMs: 5, patienceWhenAwayMs: 5 });
    void barrier.wait();
    await settle();
    let confirmed = false;
    const waiting = barrier.confirmed(performance.now() + NEVER).then(() => {
      confirmed = true;
    });
    await refreshes.succeed();
    expect(confirmed).toBe(false);
    for (let failure = 0; failure < 3; failure += 1) {
      await delay(10);
      await refreshes.fail();
      expect(confirmed).toBe(false);
    }
    await delay(10);
    await refreshes.succeed();
    await waiting;
  });

  test("ends at its deadline while refreshes fail or stay silent", async () => {
    const failing = barrierOn(() => Promise.reject(new Error("out of reach")), { retryIntervalMs: 5 });
    const silent = barrierOn(() => new Promise(() => {}));
    for (const barrier of [failing, silent]) {
      const started = performance.now();
      await expect(barrier.confirmed(started + 60)).rejects.toThrow("could not be reached in time");
      expect(performance.now() - started).toBeGreaterThanOrEqual(59);
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
        if (refreshes.underWay === 0) return;
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
      while (refreshes.underWay > 0 && reads.some(({ answeredAfter }) => answeredAfter === undefined)) {
        await end("confirmed");
        await settle();
      }
      barrier.close();

      expect(refreshes.mostUnderWay).toBeLessThanOrEqual(1);
      for (const { refreshesBefore, answer, answeredAfter } of reads) {
        expect(answeredAfter).toBe(refreshesBefore + 1);
        expect(await answer).toBe(outcomes[refreshesBefore] as Freshness);
      }
    }),
    { numRuns: 1_000 },
  );
});
