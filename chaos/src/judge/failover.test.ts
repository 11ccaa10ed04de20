import { expect, test } from "bun:test";
import { acknowledgedAt } from "../history/acknowledged.fixture.ts";
import type { StageRecord } from "../run/record.ts";
import { failoverIn, type Happened } from "./failover.ts";

const FROM = 100_000;

const fault = { kind: "power-off", machine: "pg-01", words: "power", at: 5_000, injectedAt: 5_400, undoneAt: 20_000 };
const stages: readonly StageRecord[] = [{ name: "power", from: 5_000, to: 20_000, faults: [fault] }];
const happened = (...lines: readonly (readonly [number, string, string?])[]): Happened[] =>
  lines.map(([at, text, machine]) => ({ at: FROM + at, text, ...(machine === undefined ? {} : { machine }) }));

const TAKEOVER = happened(
  [1_000, "LOG:  database system is ready to accept connections", "pg-02"],
  [5_900, "is off"],
  [6_300, "INFO: Got response from pg-01 https://pg-01:8008/patroni: {}", "pg-02"],
  [6_500, "INFO: promoted self to leader by acquiring session lock", "pg-02"],
  [6_600, "LOG:  database system is ready to accept read-only connections", "pg-02"],
  [6_800, "LOG:  database system is ready to accept connections", "pg-02"],
  [7_050, "[WARNING] Server master/pg-02 is UP, reason: Layer7 check passed", "haproxy"],
);

test("a failover is made of detection, leader key, promotion, and the ways of HAProxy and the API to the new primary", () => {
  const history = acknowledgedAt(FROM, [4_000, 5_500, 6_900, 7_000]);
  const parts = { key: 600, promotion: 300, haproxy: 250, search: 100 };
  expect(failoverIn({ history, stages, from: FROM }, TAKEOVER)).toEqual({ detection: 400, ...parts });
  // Without a guardian the standby notices by itself.
  const alone = TAKEOVER.filter(({ text }) => text !== "is off");
  expect(failoverIn({ history, stages, from: FROM }, alone)).toEqual({ ...parts, detection: 800, key: 200 });
  const silent = TAKEOVER.filter(({ text }) => /session lock|accept connections/.test(text));
  expect(failoverIn({ history, stages, from: FROM }, silent)).toEqual({
    ...{ detection: null, key: 1_000, promotion: 300, haproxy: null, search: 100 },
  });
});

test("what has not happened, or was before the fault, is no failover", () => {
  const history = acknowledgedAt(FROM, [4_000, 5_500, 6_900]);
  expect(failoverIn({ history, stages, from: FROM }, [])).toBeUndefined();
  expect(failoverIn({ history, stages: [], from: FROM }, TAKEOVER)).toBeUndefined();
  const early = TAKEOVER.map((each) => ({ ...each, at: each.at - 3_000 }));
  expect(failoverIn({ history, stages, from: FROM }, early)).toBeUndefined();
  expect(failoverIn({ history: acknowledgedAt(FROM, [5_500]), stages, from: FROM }, TAKEOVER)).toBeUndefined();
});
