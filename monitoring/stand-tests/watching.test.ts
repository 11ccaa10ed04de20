import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { median, missesOf } from "./watching.ts";

const good = {
  startedAt: "",
  targetsUp: 47,
  targets: 47,
  queries: 300,
  rightlyEmpty: 3,
  failedQueries: [],
  prometheusMb: 160,
  replicaCpu: [0.8, 0.9, 1.1],
};

describe("what watching misses and costs", () => {
  test("within the bars nothing is missed", () => {
    expect(missesOf(good)).toEqual([]);
  });

  test.each([
    ["a target that is down", { targetsUp: 46 }, "46 of 47 targets are up"],
    ["no target at all", { targets: 0, targetsUp: 0 }, "0 of 0 targets are up"],
    ["a query without data", { failedQueries: ["etcd > Fsync"] }, "etcd > Fsync has no data"],
    ["no query at all", { queries: 0 }, "no query was asked"],
    ["too much memory", { prometheusMb: 300 }, "Prometheus takes 300 MB"],
    ["too much CPU", { replicaCpu: [1, 2, 3] }, "watching costs a replica 2.00 % of its CPU"],
    ["a CPU that could not be measured", { replicaCpu: [] }, "watching costs a replica NaN % of its CPU"],
  ])("%s is a miss", (_, change, miss) => {
    expect(missesOf({ ...good, ...change })).toEqual([miss]);
  });

  test("a median has as many values above as below", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const above = values.filter((value) => value > middle).length;
        const below = values.filter((value) => value < middle).length;
        expect(Math.max(above, below)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});
