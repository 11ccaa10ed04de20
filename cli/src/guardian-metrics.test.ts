import { expect, test } from "bun:test";
import type { GuardianReport } from "@goldenring/guardian";
import { guardianMetrics } from "./guardian-metrics.ts";

const TIME = "2026-11-30T12:00:00.000Z";

const REPORT: GuardianReport = {
  ...{ pid: 1, startedAt: TIME, aliveAt: TIME, mode: "act", mayFence: true, coolDownMs: 0 },
  verdict: { act: "nothing", why: [] },
  machines: { "pg-01": { state: "on", fence: "not off" }, "pg-02": { state: "on", fence: "not off" } },
  sees: { "pg-01": "primary answered" },
  newest: [],
};

test("a guardian that may act and sees nothing wrong has metrics for each machine", () => {
  expect(guardianMetrics(REPORT)).toBe(`goldenring_guardian_may_act 1
goldenring_guardian_may_fence 1
goldenring_guardian_advises{watched="pg-01"} 0
goldenring_guardian_advises{watched="pg-02"} 0
goldenring_guardian_acted_timestamp_seconds{watched="pg-01"} 0
goldenring_guardian_acted_timestamp_seconds{watched="pg-02"} 0
`);
});

test("its advice, its mode and its newest action show; what it only noticed does not", () => {
  const text = guardianMetrics({
    ...REPORT,
    mode: "pause",
    mayFence: false,
    verdict: { act: "advise", machine: "pg-01", why: ["writes wait"] },
    newest: [
      { time: "2026-11-30T11:00:00.000Z", machine: "pg-02", event: "turned off" },
      { time: TIME, machine: "pg-02", event: "switched over" },
      { time: TIME, machine: "pg-01", event: "advises" },
    ],
  });
  expect(text).toContain("may_act 0\ngoldenring_guardian_may_fence 0\n");
  expect(text).toContain('advises{watched="pg-01"} 1\ngoldenring_guardian_advises{watched="pg-02"} 0\n');
  expect(text).toContain(
    `acted_timestamp_seconds{watched="pg-01"} 0\ngoldenring_guardian_acted_timestamp_seconds{watched="pg-02"} ${Date.parse(TIME) / 1_000}\n`,
  );
});
