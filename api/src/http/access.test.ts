import { describe, expect, test } from "bun:test";
import { BlockList } from "node:net";
import fc from "fast-check";
import { clientOf, rateLimit, requireApiKey } from "./access.ts";
import { Problem } from "./problem.ts";

/** "passed", or the seconds of Retry-After. */
function tried(check: (client: string) => void, client: string): "passed" | number {
  try {
    check(client);
    return "passed";
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 429) throw error;
    return Number(error.extra.headers?.["retry-after"]);
  }
}

describe("keys in a file", () => {
  const isAccepted = (check: (request: Request) => void, key: string): boolean => {
    try {
      check(new Request("http://api/Cities", { headers: { "x-api-key": key } }));
      return true;
    } catch {
      return false;
    }
  };

  test("are used a second after they were written, and those that are gone no longer", () => {
    let now = 0;
    let keys = ["one"];
    const check = requireApiKey(
      ["fixed"],
      () => keys,
      () => {},
      () => now,
    );
    expect(["fixed", "one", "two", ""].map((key) => isAccepted(check, key))).toEqual([true, true, false, false]);
    keys = ["two"];
    now = 1_000;
    expect(["fixed", "one", "two", ""].map((key) => isAccepted(check, key))).toEqual([true, false, true, false]);
  });

  test("go on while the file cannot be read, and an empty list opens nothing", () => {
    let now = 0;
    const errors: unknown[] = [];
    let read = (): string[] => ["one"];
    const check = requireApiKey(
      [],
      () => read(),
      (error) => errors.push(error),
      () => now,
    );
    expect(isAccepted(check, "one")).toBe(true);
    read = () => {
      throw new Error("no such file");
    };
    now = 5_000;
    expect([isAccepted(check, "one"), isAccepted(check, "")]).toEqual([true, false]);
    expect(errors.length).toBe(1);
    read = () => [];
    now = 10_000;
    expect([isAccepted(check, "one"), isAccepted(check, "")]).toEqual([false, false]);
  });
});

describe("the address of a client", () => {
  const proxies = new BlockList();
  proxies.addAddress("10.0.0.7");
  proxies.addSubnet("10.9.0.0", 16);
  proxies.addAddress("fd00::7", "ipv6");

  test.each([
    ["is the peer's without a header", "192.0.2.1", null, "192.0.2.1"],
    ["is the peer's whatever it claims, unless the peer is a trusted proxy", "192.0.2.1", "10.0.0.7", "192.0.2.1"],
    ["is what a trusted proxy adds last", "10.0.0.7", "198.51.100.1, 192.0.2.1", "192.0.2.1"],
    ["is the one before a chain of trusted proxies", "10.0.0.7", "198.51.100.1,192.0.2.1, 10.9.1.1", "192.0.2.1"],
    ["is a trusted proxy's own without a header", "10.0.0.7", null, "10.0.0.7"],
    ["is a trusted proxy's own with an empty header", "10.0.0.7", "", "10.0.0.7"],
    ["may be one of IPv6", "fd00::7", "2001:db8::1", "2001:db8::1"],
    ["is known as a proxy's in an IPv6 socket too", "::ffff:10.0.0.7", "192.0.2.1", "192.0.2.1"],
    ["is any text that a trusted proxy adds", "10.0.0.7", "unknown", "unknown"],
  ] as const)("%s", (_, peer, forwardedFor, client) => {
    expect(clientOf(peer, forwardedFor, proxies)).toBe(client);
  });
});

describe("a rate limit", () => {
  test("lets a burst of its size pass, and then that many requests per second", () => {
    let now = 0;
    const check = rateLimit(2, () => now);
    const at = (milliseconds: number): "passed" | number => {
      now = milliseconds;
      return tried(check, "a");
    };
    expect([at(0), at(1), at(2)]).toEqual(["passed", "passed", 1]);
    expect([at(400), at(500), at(501)]).toEqual([1, "passed", 1]);
    expect([at(60_000), at(60_000), at(60_000)]).toEqual(["passed", "passed", 1]);
  });

  test("holds for any pattern of requests, and a client that waits for Retry-After passes", () => {
    const pauses = fc.array(fc.nat({ max: 1_500 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), pauses, (perSecond, pauses) => {
        let now = 0;
        const check = rateLimit(perSecond, () => now);
        const passed: number[] = [];
        for (const pause of pauses) {
          now += pause;
          const outcome = tried(check, "a");
          if (outcome === "passed") passed.push(now);
          else {
            expect(Number.isInteger(outcome) && outcome >= 1).toBe(true);
            now += outcome * 1_000;
            expect(tried(check, "a")).toBe("passed");
            passed.push(now);
          }
        }
        for (const [index, start] of passed.entries()) {
          const within = passed.slice(index).filter((time) => time < start + 1_000).length;
          expect(within).toBeLessThanOrEqual(2 * perSecond);
        }
        const seconds = now / 1_000;
        expect(passed.length).toBeLessThanOrEqual(perSecond * (1 + seconds) + 1e-6);
      }),
    );
  });

  test("of one client is not used up by others", () => {
    const check = rateLimit(1, () => 0);
    for (let client = 0; client < 1_000; client += 1) expect(tried(check, `client ${client}`)).toBe("passed");
    for (let client = 0; client < 1_000; client += 1) expect(tried(check, `client ${client}`)).toBe(1);
  });

  test("does not forget busy clients when very many have come by", () => {
    let now = 0;
    const check = rateLimit(1, () => now);
    for (let client = 0; client < 100_010; client += 1) check(`client ${client}`);
    now = 500;
    expect(tried(check, "client 5")).toBe(1);
    now = 2_000;
    expect(tried(check, "client 5")).toBe("passed");
  });

  test("of zero is none", () => {
    const check = rateLimit(0, () => 0);
    for (let n = 0; n < 1_000; n += 1) expect(tried(check, "a")).toBe("passed");
  });
});
