import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../statistics/seeded-random.fixture.ts";
import { type CapacityOptions, findCapacity, type Measured } from "./find-capacity.ts";
import { simulatedService } from "./simulated-service.fixture.ts";

const limits = fc.integer({ min: 40, max: 9_000 });
const seeds = fc.integer();

function errorOf(held: number, limit: number): number {
  return Math.abs(held - limit) / limit;
}

describe("the search", () => {
  test("finds the limit of a steady service: its result holds, 2 % more does not", async () => {
    await fc.assert(
      fc.asyncProperty(limits, seeds, async (limit, seed) => {
        const found = await findCapacity(simulatedService({ limit, seed }));
        expect(found.ended).toBe("found");
        expect(found.held).toBeLessThanOrEqual(limit);
        expect(found.broke).toBeGreaterThan(limit);
        expect((found.broke ?? 0) - found.held).toBeLessThanOrEqual(Math.max(1, (found.broke ?? 0) * 0.02));
      }),
    );
  });

  test("finds it within 5 % where the capacity varies by 2 % from step to step, whatever the seed", async () => {
    await fc.assert(
      fc.asyncProperty(limits, seeds, async (limit, seed) => {
        const found = await findCapacity(simulatedService({ limit, seed, variation: 0.02 }));
        expect(found.ended).toBe("found");
        expect(errorOf(found.held, limit)).toBeLessThanOrEqual(0.05);
      }),
      { numRuns: 500 },
    );
  });

  test("takes noise for a limit in few searches; without repetitions it would in many", async () => {
    const shareWithin = async (options: CapacityOptions<Measured>): Promise<number> => {
      const random = seededRandom(7);
      let within = 0;
      for (let seed = 0; seed < 1_000; seed += 1) {
        const limit = Math.round(100 + 5_000 * random());
        const noisy = simulatedService({ limit, seed, deviation: 0.02, disturbed: 0.1 });
        const { held } = await findCapacity(noisy, options);
        if (errorOf(held, limit) <= 0.05) within += 1;
      }
      return within / 1_000;
    };
    expect(await shareWithin({})).toBeGreaterThan(0.97);
    expect(await shareWithin({ repeats: 1 })).toBeLessThan(0.7);
  });

  test("takes about 20 steps", async () => {
    const steps = await Promise.all(
      Array.from({ length: 200 }, async (_, seed) => {
        const found = await findCapacity(simulatedService({ limit: 500 + 20 * seed, seed, variation: 0.02 }));
        return found.steps.length;
      }),
    );
    expect(Math.max(...steps)).toBeLessThanOrEqual(32);
    expect(steps.reduce((sum, each) => sum + each, 0) / steps.length).toBeLessThan(22);
  });

  test("measures both ends of the last bracket until the majority of five is certain", async () => {
    const { steps, held, broke } = await findCapacity(simulatedService({ limit: 1_000, seed: 1 }));
    const timesAt = (users: number | undefined): number => steps.filter((step) => step.users === users).length;
    expect([timesAt(held), timesAt(broke)]).toEqual([3, 3]);
  });

  test("goes down to one user and returns 0 when even that one breaks", async () => {
    const tried = new Set<number>();
    const found = await findCapacity(async (users) => {
      tried.add(users);
      return { users, held: false };
    });
    expect(found).toMatchObject({ ended: "found", held: 0, broke: 1 });
    expect(Math.min(...tried)).toBe(1);
  });

  test("ends at the maximum of users, and marks it as no limit", async () => {
    const found = await findCapacity(simulatedService({ limit: 5_000, seed: 1 }), { start: 300, max: 1_000 });
    expect(found).toMatchObject({ ended: "max", held: 1_000, broke: undefined });
    const inTime = await findCapacity(simulatedService({ limit: 5_000, seed: 1 }), {
      start: 300,
      max: 1_000,
      maxSteps: found.steps.length,
    });
    expect(inTime).toEqual(found);
  });

  test("ends on a service that holds by the toss of a coin, after the steps it was given", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 60 }), async (seed, maxSteps) => {
        const random = seededRandom(seed);
        const found = await findCapacity(async (users) => ({ users, held: random() < 0.5 }), { maxSteps });
        expect(found.steps.length).toBeLessThanOrEqual(maxSteps);
        if (found.ended === "too many steps") expect(found.steps).toHaveLength(maxSteps);
      }),
    );
  });

  test("passes the users and times of each step to the function that runs it", async () => {
    const times: unknown[] = [];
    const tried: number[] = [];
    await findCapacity(
      async (users, each) => {
        times.push(each);
        return { users, held: users <= 3 };
      },
      { start: 2, warmUpSeconds: 1, holdSeconds: 2, onStep: ({ users }) => tried.push(users) },
    );
    expect(new Set(times.map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"warmUpSeconds":1,"holdSeconds":2}']),
    );
    expect(tried.slice(0, 3)).toEqual([2, 4, 4]);
  });
});

describe("an interrupted search", () => {
  test("returns the bracket so far, and goes on from its steps to the same end", async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.integer({ min: 0, max: 30 }), async (limit, cutAfter) => {
        const service = simulatedService({ limit, seed: 0 });
        const whole = await findCapacity(service);
        const abort = new AbortController();
        let ran = 0;
        const part = await findCapacity(
          async (users) => {
            if (ran === cutAfter) abort.abort();
            ran += 1;
            return service(users);
          },
          { signal: abort.signal },
        );
        if (cutAfter < whole.steps.length) {
          expect(part.ended).toBe("interrupted");
          expect(part.steps).toEqual(whole.steps.slice(0, cutAfter));
          expect(part.held).toBeLessThanOrEqual(limit);
        }
        expect(await findCapacity(service, { earlier: part.steps })).toEqual(whole);
      }),
    );
  });

  test("is no failure when the step that was under way throws because of it", async () => {
    const abort = new AbortController();
    const found = await findCapacity(
      async () => {
        abort.abort();
        throw new Error("k6 was ended");
      },
      { signal: abort.signal },
    );
    expect(found).toEqual({ ended: "interrupted", held: 0, broke: undefined, steps: [] });
  });
});

test("a step that cannot be measured ends the search with its own error", async () => {
  const search = findCapacity(async () => {
    throw new Error("no k6");
  });
  await expect(search).rejects.toThrow("no k6");
});

test("options that make no search are refused with the reason", async () => {
  const refused: readonly CapacityOptions<Measured>[] = [
    { start: 0 },
    { start: 10, max: 5 },
    { start: 1.5 },
    { resolution: 0 },
    { repeats: 2 },
    { maxSteps: 0 },
    { holdSeconds: 0 },
  ];
  for (const options of refused) {
    const search = findCapacity(async (users) => ({ users, held: true }), options);
    await expect(search).rejects.toThrow("This is no capacity search");
  }
});
