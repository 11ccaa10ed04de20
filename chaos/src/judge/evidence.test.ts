import { expect, test } from "bun:test";
import type { RoleSample } from "../roles/verdict.ts";
import type { StageRecord } from "../run/record.ts";
import { newPrimaryAfterFault } from "./evidence.ts";

const stage = (at: number): StageRecord => ({
  name: `at ${at}`,
  from: at,
  to: at + 5_000,
  faults: [{ kind: "cut", machine: "pg-01", words: "is cut off", at, injectedAt: at, undoneAt: at + 5_000 }],
});

/** pg-01 until it is lost, and then pg-02; each asked every second. */
function reigns(lostAt: number, newAt: number): RoleSample[] {
  const samples: RoleSample[] = [];
  for (let at = 0; at < 60_000; at += 1_000) {
    const times = { e: "sample" as const, start: 1_000 + at, end: 1_000 + at };
    if (at < lostAt) samples.push({ ...times, node: "pg-01", role: "primary", state: "running", timeline: 1 });
    if (at >= newAt) samples.push({ ...times, node: "pg-02", role: "primary", state: "running", timeline: 2 });
  }
  return samples;
}

test("a new primary is timed from the fault that came last before it, whatever came later", () => {
  const stages = [stage(5_000), stage(20_000), stage(40_000)];
  expect(newPrimaryAfterFault({ from: 1_000, stages, samples: reigns(20_000, 23_000) })).toBe(3_000);
  expect(newPrimaryAfterFault({ from: 1_000, stages, samples: reigns(6_000, 8_000) })).toBe(3_000);
});

test("without a fault or without another reign there is none", () => {
  expect(newPrimaryAfterFault({ from: 1_000, stages: [], samples: reigns(20_000, 23_000) })).toBeUndefined();
  expect(
    newPrimaryAfterFault({ from: 1_000, stages: [stage(5_000)], samples: reigns(60_000, 60_000) }),
  ).toBeUndefined();
});
