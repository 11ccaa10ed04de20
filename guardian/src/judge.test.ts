import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { lasting, SILENT, waiting, well, withDatabase } from "./evidence.fixture.ts";
import type { Evidence } from "./evidence.ts";
import { ACTS, judge, mayReturn, objectionTo } from "./judge.ts";

const WELL = { connected: 5, refused: 0, silent: 0 };
const judged = (evidence: Evidence) => judge(lasting(evidence, 3_000));
const actOn = (evidence: Evidence) => {
  const { act, machine, candidate } = judged(evidence);
  return [act, machine, candidate].filter(Boolean).join(" ");
};

/** The disk of pg-01 stalls: its PostgreSQL answers, and its writes do not end. */
const stalled = () => withDatabase(waiting(well(), 2_500), "pg-01", { diskMs: 2_600 }, { diskMs: 2_400 });
/** All of its PostgreSQL stands still; the machine does not. */
const frozen = () => withDatabase(waiting(well(), 2_500), "pg-01", {}, { answeredMs: 2_700 });
const unreachable = { "pg-01": SILENT, "pg-02": WELL };
/** Port 5432 is cut off from its clients. */
const portCut = (): Evidence => {
  const evidence = waiting(well(), 2_500, unreachable);
  return { ...evidence, clients: { ...evidence.clients, haproxy: { heardMs: 100, reach: unreachable } } };
};
const refused = (whom: "everybody" | "writers"): Evidence => {
  const reach = { "pg-01": { connected: 0, refused: 4, silent: 0 }, "pg-02": WELL };
  const evidence = waiting(well(), 2_500, reach);
  return whom === "writers"
    ? evidence
    : { ...evidence, clients: { ...evidence.clients, haproxy: { heardMs: 100, reach } } };
};
/** Nobody hears the machine. */
const cutOff = () => withDatabase(portCut(), "pg-01", { heardMs: 2_700, patroniMs: 3_000 });

describe("a primary that lives and does not serve", () => {
  test.each([
    ["its disk stalls", stalled(), "fence pg-01 pg-02"],
    ["its processes are frozen", frozen(), "fence pg-01 pg-02"],
    ["its port is cut off from the clients", portCut(), "switch over pg-01 pg-02"],
    ["it is cut off from everything", cutOff(), "fence pg-01 pg-02"],
    ["its port refuses the clients' connections", refused("everybody"), "switch over pg-01 pg-02"],
    ["its disk is full", withDatabase(waiting(well(), 2_500), "pg-01", { freeMb: 3 }), "switch over pg-01 pg-02"],
    [
      "PostgreSQL does not come back",
      withDatabase(waiting(well(), 6_000), "pg-01", {}, { answeredMs: 6_000, error: "no socket" }),
      "fence pg-01 pg-02",
    ],
  ])("%s", (_, evidence, expected) => {
    expect(actOn(evidence)).toBe(expected);
  });

  test("writes that come seconds late because of its disk, for ten seconds", () => {
    const slow = withDatabase(waiting(well(), 1_400), "pg-01", {}, { diskMs: 1_000 });
    expect(judge(lasting(slow, 5_000)).act).toBe("nothing");
    expect(judge(lasting(slow, 10_500))).toMatchObject({ act: "switch over", machine: "pg-01", candidate: "pg-02" });
  });
});

describe("a standby for which commits wait", () => {
  const waitingFor = (waitsMs: number) => withDatabase(waiting(well(), waitsMs), "pg-01", {}, { standbyMs: waitsMs });
  /** Its disk stalls. */
  const behind = (waitsMs: number) => withDatabase(waitingFor(waitsMs), "pg-02", { diskMs: waitsMs });
  test("and which only the primary does not hear is taken out, when all others reach the primary", () => {
    expect(actOn(waitingFor(1_600))).toBe("drop standby pg-02");
    expect(actOn(waitingFor(1_400))).toBe("nothing");
    expect(actOn(withDatabase(waitingFor(1_600), "pg-01", { heardMs: 700 }))).toBe("nothing");
  });

  test("is not taken out when the primary is the one that is not reached: nobody could take over then", () => {
    const cut = waiting(waitingFor(1_600), 1_600, unreachable);
    expect(actOn(cut)).toBe("nothing");
    expect(actOn(waiting(waitingFor(1_600), 1_600, {}))).toBe("nothing");
    const later = waiting(waitingFor(2_500), 2_500, unreachable);
    const all = { ...later, clients: { ...later.clients, haproxy: { heardMs: 100, reach: unreachable } } };
    expect(actOn(all)).toBe("switch over pg-01 pg-02");
  });

  test("and which confirms nothing is taken out, also in a cool-down", () => {
    expect(actOn(behind(1_100))).toBe("drop standby pg-02");
    expect(actOn({ ...behind(1_100), actedMs: 5_000 })).toBe("drop standby pg-02");
    expect(actOn(behind(900))).toBe("nothing");
  });

  test("is left alone while it confirms, however much there is to confirm", () => {
    const moving = lasting(behind(5_000), 3_000).map((evidence, index) =>
      withDatabase(evidence, "pg-01", {}, { standbys: { "pg-02": { sync: "sync", flushed: `0/${index}` } } }),
    );
    expect(judge(moving).act).toBe("nothing");
  });

  test("may confirm again when it has been well for a while", () => {
    expect(mayReturn("pg-02", lasting(well(), 10_000), 10_000)).toBe(true);
    expect(mayReturn("pg-02", lasting(well(), 9_000), 10_000)).toBe(false);
    const flapping = lasting(well(), 10_000).map((each, index) =>
      index % 16 < 8 ? each : withDatabase(each, "pg-02", { heardMs: 2_000 }),
    );
    expect(mayReturn("pg-02", flapping, 10_000)).toBe(false);
    const down = withDatabase(well(), "pg-02", {}, { answeredMs: 60_000, error: "could not open file" });
    expect(mayReturn("pg-02", lasting(down, 10_000), 10_000)).toBe(true);
    const frozen = withDatabase(well(), "pg-02", {}, { answeredMs: 60_000 });
    expect(mayReturn("pg-02", lasting(frozen, 10_000), 10_000)).toBe(false);
  });
});

describe("nothing is done", () => {
  test.each<[string, Evidence]>([
    ["all is well", well()],
    ["writes wait for less than their patience", withDatabase(waiting(well(), 1_900), "pg-01", {}, { diskMs: 1_900 })],
    ["writes wait for a lock (VACUUM FULL)", withDatabase(waiting(well(), 9_000), "pg-01", {}, { lockMs: 9_000 })],
    ["the replicas are overloaded, and the primary has nothing that waits", waiting(well(), 9_000)],
    ["the primary's disk is slow, and no user notices", withDatabase(well(), "pg-01", { diskMs: 5_000 })],
    [
      "one replica alone complains",
      { ...stalled(), clients: { ...well().clients, "api-01": stalled().clients["api-01"] ?? fail() } },
    ],
    ["PostgreSQL is silent, and runs", withDatabase(frozen(), "pg-01", { ranMs: 300 })],
    ["the replicas have used up their connections", refused("writers")],
    ["etcd has no quorum", { ...stalled(), etcdMs: 2_000 }],
    ["nobody leads", { ...stalled(), leader: null }],
    [
      "PostgreSQL is shutting down for a switchover",
      withDatabase(
        waiting(well(), 2_500),
        "pg-01",
        {},
        { answeredMs: 2_500, error: "the database system is shutting down" },
      ),
    ],
    ["only the guardian does not hear the primary", withDatabase(waiting(well(), 2_500), "pg-01", { heardMs: 5_000 })],
    [
      "the guardian hears nobody",
      {
        ...cutOff(),
        clients: Object.fromEntries(
          Object.entries(cutOff().clients).map(([name, each]) => [name, { ...each, heardMs: 4_000 }]),
        ),
      },
    ],
  ])("when %s", (_, evidence) => {
    expect(actOn(evidence)).toBe("nothing");
  });

  test("on evidence of one moment, or right after the guardian itself stood still", () => {
    expect(judge([stalled()]).act).toBe("nothing");
    const resumed = { ...stalled(), at: stalled().at + 60_000 };
    expect(judge([...lasting(stalled(), 3_000), resumed]).act).toBe("nothing");
  });
});

describe("a sick primary is reported and left alone", () => {
  const noStandby = { ...stalled(), synchronous: [] };
  test.each<[string, Evidence, RegExp]>([
    ["nobody is in sync", noStandby, /not synchronous/],
    ["the standby is sick, too", withDatabase(stalled(), "pg-02", { diskMs: 3_000 }), /slow disk itself/],
    ["the disk of the standby is full", withDatabase(stalled(), "pg-02", { freeMb: 3 }), /full disk itself/],
    ["the standby does not answer", withDatabase(stalled(), "pg-02", {}, { answeredMs: 3_000 }), /does not answer/],
    [
      "the replicas reach neither machine",
      (() => {
        const both = { "pg-01": SILENT, "pg-02": SILENT };
        const evidence = waiting(well(), 2_500, both);
        return withDatabase(
          { ...evidence, clients: { ...evidence.clients, haproxy: { heardMs: 100, reach: both } } },
          "pg-01",
          { heardMs: 9_000 },
        );
      })(),
      /not reached by all/,
    ],
    ["an action was a moment ago", { ...stalled(), actedMs: 20_000 }, /the last action was 20.0 s ago/],
    ["a person has paused the guardian", { ...stalled(), mode: "pause" }, /is paused/],
    ["it only advises", { ...stalled(), mode: "advise" }, /only advises/],
    ["no command turns it off", { ...stalled(), mayFence: false }, /no command that turns it off/],
  ])("when %s", (_, evidence, why) => {
    const { act, machine, why: reasons } = judged(evidence);
    expect({ act, machine }).toEqual({ act: "advise", machine: "pg-01" });
    expect(reasons.join("; ")).toMatch(why);
    if (evidence.actedMs === null) expect(objectionTo("pg-01", evidence)).toBeDefined();
  });

  test("when it has led for a moment only: what its clients waited for was the one before", () => {
    const earlier = lasting({ ...well(), leader: "pg-02" }, 1_000);
    const now = lasting(stalled(), 1_000).map((each) => ({ ...each, at: each.at + 1_250 }));
    expect(judge([...earlier, ...now]).act).toBe("advise");
  });
});

test("nothing speaks against turning off a machine that is still sick", () => {
  expect(objectionTo("pg-01", stalled())).toBeUndefined();
  expect(objectionTo("pg-01", well())).toBe("writes do not wait any more");
});

test("whatever the evidence: who is acted on leads or is its standby, and who takes over is synchronous, heard and well", () => {
  const ms = fc.constantFrom(0, 100, 900, 1_600, 2_500, 9_000);
  const attempts = fc.record({ connected: fc.nat(4), refused: fc.nat(4), silent: fc.nat(4) });
  const reach = fc.record({ "pg-01": attempts, "pg-02": attempts });
  const someone = fc.option(fc.constantFrom("pg-01", "pg-02"));
  const change = fc.record({
    leader: someone,
    etcdMs: ms,
    mode: fc.constantFrom("act" as const, "pause" as const),
    mayFence: fc.boolean(),
  });
  const sick = fc.record({ heardMs: ms, diskMs: ms });
  const sql = fc.record({
    answeredMs: fc.option(ms),
    diskMs: fc.option(ms),
    standbyMs: fc.option(ms),
    primary: fc.boolean(),
  });
  fc.assert(
    fc.property(
      change,
      fc.boolean(),
      ms,
      reach,
      sick,
      sql,
      sick,
      sql,
      (top, inSync, waits, reached, one, oneSql, two, twoSql) => {
        let evidence: Evidence = { ...waiting(well(), waits, reached), ...top, synchronous: inSync ? ["pg-02"] : [] };
        evidence = withDatabase(withDatabase(evidence, "pg-01", one, oneSql), "pg-02", two, twoSql);
        const { act, machine, candidate } = judged(evidence);
        expect(ACTS).toContain(act);
        if (act === "nothing" || act === "advise") return;
        expect(evidence.mode).toBe("act");
        expect(evidence.etcdMs).toBeLessThanOrEqual(1_500);
        if (act === "drop standby") return;
        expect(machine).toBe(evidence.leader ?? "");
        expect(evidence.synchronous).toContain(candidate ?? "");
        expect(candidate).not.toBe(machine);
        expect(evidence.databases[candidate ?? ""]?.heardMs).toBeLessThanOrEqual(1_500);
        if (act === "fence") expect(evidence.mayFence).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

function fail(): never {
  throw new Error("the fixture lacks it");
}
