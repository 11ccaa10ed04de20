import { expect, test } from "bun:test";
import type { Stand } from "@goldenring/stand";
import { EXPERIMENTS } from "../book/registry.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { StageRecord } from "../run/record.ts";
import { untilQuiet, watchMonitoring } from "./monitoring-watch.ts";
import type { MonitoringStatus, ReceivedAlert, RunContext } from "./run-context.ts";
import { NotSteady } from "./until-steady.ts";

const { signal } = new AbortController();
const probe = EXPERIMENTS.find(({ id }) => id === "MON-probe") as Experiment;
const WELL: MonitoringStatus = { problems: [], firing: [], targetsUp: 1, targets: 1, cpuLimits: {} };

function contextOf(statuses: Partial<MonitoringStatus>[], received: ReceivedAlert[] = []): RunContext {
  const monitoring = {
    alertsSince: () => received,
    status: async () => ({ ...WELL, ...(statuses.length > 1 ? statuses.shift() : statuses[0]) }),
    verifyQueries: async () => ({ checked: 1, declaredEmpty: 0, failed: [] }),
  };
  return { experiment: probe, monitoring, signal, log: () => {}, stand: { machines: [] } as unknown as Stand } as never;
}

test("a round waits until the stand has no problem and no alert fires", async () => {
  const statuses = [{ problems: ["api-01 is off"] }, { firing: ["MachineDown"] }, {}];
  expect(await untilQuiet(contextOf(statuses))).toEqual([]);
  expect(statuses).toHaveLength(1);
});

test("alerts that fire on are named; an expected one that fires already, or a problem, lets no round start", async () => {
  expect(await untilQuiet(contextOf([{ firing: ["Old", "Old"] }]), 0)).toEqual(["Old"]);
  await expect(untilQuiet(contextOf([{ firing: ["ProbeFailed"] }]), 0)).rejects.toThrow(NotSteady);
  await expect(untilQuiet(contextOf([{ problems: ["pg-01 is off"] }]), 0)).rejects.toThrow("pg-01 is off");
});

test("an experiment that does not ask for quiet, or a stand without monitoring, is not waited for", async () => {
  const steadyState = { ...probe.steadyState, noAlerts: false };
  const firing = contextOf([{ firing: ["Old"] }]);
  expect(await untilQuiet({ ...firing, experiment: { ...probe, steadyState } })).toEqual([]);
  expect(await untilQuiet({ ...firing, monitoring: undefined })).toEqual([]);
});

test("a stage ends after its alert has come, and the round when the alert is resolved", async () => {
  const alert = (status: ReceivedAlert["status"], at: number): ReceivedAlert => ({
    name: "ProbeFailed",
    status,
    labels: { alertname: "ProbeFailed", target: "ingress", severity: "critical" },
    arrivedAt: new Date(at).toISOString(),
  });
  const received: ReceivedAlert[] = [];
  const stages: StageRecord[] = [{ name: "fault", from: 1_000, to: 1_000, faults: [] }];
  const watch = watchMonitoring(contextOf([{}], received), { startedAt: 0, firedBefore: [], stages, targets: {} });
  const [stage] = probe.stages;
  if (!stage) throw new Error("it has one");
  const order: string[] = [];
  const lasted = watch.during({ ...stage, secondsAfterAlerts: 0 }, signal).then(() => order.push("stage"));
  order.push("alert");
  received.push(alert("firing", 48_000));
  await lasted;
  const over = watch.untilResolved(signal).then(() => order.push("round"));
  order.push("resolved");
  received.push(alert("resolved", 90_000));
  await over;
  expect(order).toEqual(["alert", "stage", "resolved", "round"]);
  expect(watch.evidence().alerts?.map(({ status, at, stage, delay }) => [status, at, stage, delay])).toEqual([
    ["firing", 48_000, "fault", 47_000],
    ["resolved", 90_000, "fault", 89_000],
  ]);
});
