import { setTimeout as delay } from "node:timers/promises";
import { byRole, DeadlineExceeded, must, type StandMachine, waitFor, waitUntil } from "@goldenring/stand";
import type { Stage } from "../experiment/experiment.ts";
import type { MetricName } from "../experiment/metrics.ts";
import type { Evidence, MonitoringEvidence } from "../judge/evidence.ts";
import { type AlertEvidence, alertDelay, alertResolved } from "../judge/monitoring-figures.ts";
import type { RecordedAlert, StageRecord } from "../run/record.ts";
import type { ReceivedAlert, RunContext } from "./run-context.ts";
import { logWaiting, NotSteady } from "./until-steady.ts";

/** Alerts with a long window outlive their fault. */
const QUIET_DEADLINE_MS = 300_000;
/** Scrape, rule and Alertmanager's group interval; a machine must have booted before. */
const RESOLVED_DEADLINE_MS = 300_000;
const POLL_EVERY_MS = 1_000;
const LOG_EVERY_MS = 10_000;
const COMMAND = { deadlineMs: 10_000 };
/** What answers on a replica's machine. */
const ANSWERING = "goldenring-api prometheus-node-exporter";

type QuietContext = Pick<RunContext, "experiment" | "monitoring" | "log" | "signal">;

/**
 * Waits until the stand has no problem and no alert fires, where the experiment asks for that.
 *
 * @returns the alerts that still fire at the deadline
 * @throws {NotSteady} when there are still problems then, or an alert fires that a fault must bring
 */
export async function untilQuiet(context: QuietContext, deadlineMs = QUIET_DEADLINE_MS) {
  const firing = await firingAtLast(context, deadlineMs);
  const { expectations } = context.experiment;
  const expected = expectations.find(({ metric, alert = "" }) => metric === "alertDelay" && firing.includes(alert));
  if (expected) throw new NotSteady(`${expected.alert} fires already.`);
  return firing;
}

async function firingAtLast(context: QuietContext, deadlineMs: number): Promise<readonly string[]> {
  const { experiment, monitoring, log, signal } = context;
  if (monitoring === undefined || !experiment.steadyState.noAlerts) return [];
  let problems: readonly string[] = [];
  let firing: readonly string[] = [];
  const attempt = async () => {
    ({ problems, firing } = await monitoring.status());
    const missing = [...problems, ...firing.map((name) => `${name} fires`)];
    return missing.length === 0 ? { value: [] } : { missing: missing.slice(0, 3).join("; ") };
  };
  const onMissing = logWaiting(log, LOG_EVERY_MS);
  return waitFor(attempt, { deadlineMs, everyMs: POLL_EVERY_MS, signal, onMissing }).catch((error: unknown) => {
    if (!(error instanceof DeadlineExceeded)) throw error;
    if (problems.length > 0) throw new NotSteady(`The stand is not well: ${problems.join("; ")}.`);
    return [...new Set(firing)];
  });
}

const ASKED = ["targetsDown", "queriesWithoutData", "prometheusMemory"] as const;

/** Of a round; `stages` and `targets` as far as they are known. */
type RoundFacts = Pick<Evidence, "stages" | "targets"> & {
  readonly startedAt: number;
  readonly firedBefore: readonly string[];
};

/** Follows the stand's monitoring during a round, as far as the experiment's expectations are about it. */
export function watchMonitoring(context: RunContext, facts: RoundFacts) {
  const { experiment, monitoring, stand } = context;
  const { startedAt, stages, firedBefore } = facts;
  const apiCpu: Record<string, readonly number[]> = {};
  let seen: MonitoringEvidence["seen"];
  const expected = (metric: MetricName) => experiment.expectations.filter((each) => each.metric === metric);
  const alerts = (): AlertEvidence["alerts"] =>
    monitoring?.alertsSince(startedAt).map((alert) => recorded(alert, startedAt, stages)) ?? null;
  const now = (): AlertEvidence => ({ ...facts, alerts: alerts() });
  const last = async ({ name, seconds, secondsAfterAlerts }: Stage, signal: AbortSignal): Promise<void> => {
    const wait = (ofSeconds: number) => delay(ofSeconds * 1_000, undefined, { signal });
    if (secondsAfterAlerts === undefined) return wait(seconds);
    const ofStage = expected("alertDelay").filter(({ during }) => during?.includes(name));
    const haveCome = (): boolean => ofStage.every((each) => "value" in alertDelay(each, now()));
    const came = await waitUntil(haveCome, { deadlineMs: seconds * 1_000, everyMs: POLL_EVERY_MS, signal });
    if (came) await wait(secondsAfterAlerts);
  };
  /** What answers on each API replica takes meanwhile, % of the machine's limit. */
  const cpuShares = async (work: () => Promise<void>): Promise<readonly number[]> => {
    const machines = byRole(stand, "api");
    const limits = (await monitoring?.status())?.cpuLimits ?? {};
    const read = (): Promise<readonly number[]> => Promise.all(machines.map(cpuSecondsOf));
    const [before, beganAt] = [await read(), performance.now()];
    await work();
    const [after, seconds] = [await read(), (performance.now() - beganAt) / 1_000];
    return machines.map(({ name }, index) => {
      const used = (after[index] ?? Number.NaN) - (before[index] ?? Number.NaN);
      return (100 * used) / (seconds * (limits[name] ?? Number.NaN));
    });
  };
  return {
    evidence: (): Pick<Evidence, "alerts" | "monitoring"> => ({
      alerts: alerts(),
      monitoring: { firedBefore, seen, apiCpu },
    }),
    /** Before the first stage. */
    async ask(): Promise<void> {
      if (monitoring === undefined || !ASKED.some((metric) => expected(metric).length > 0)) return;
      const { targets, targetsUp } = await monitoring.status();
      const queries = await monitoring.verifyQueries();
      const [prometheus] = byRole(stand, "prometheus");
      const kibibytes = prometheus && (await must(prometheus, "ps -o rss= -C prometheus", COMMAND));
      seen = { targets, targetsUp, queries, prometheusMegabytes: (Number(kibibytes) * 1_024) / 1e6 };
    },
    /** As long as a stage lasts after its injections. */
    async during(stage: Stage, signal: AbortSignal): Promise<void> {
      const measured = expected("watchingCpu").flatMap(({ during = [], comparedWith = [] }) => [
        ...during,
        ...comparedWith,
      ]);
      if (measured.includes(stage.name)) apiCpu[stage.name] = await cpuShares(() => last(stage, signal));
      else await last(stage, signal);
    },
    /** After the recovery: until the alerts that came are resolved, and no other fires. What comes meanwhile belongs to the round. */
    async untilResolved(signal: AbortSignal): Promise<void> {
      if (!experiment.steadyState.noAlerts || monitoring === undefined) return;
      const areResolved = (): boolean =>
        expected("alertResolved").every((each) => !("missed" in alertResolved(each, now())));
      await waitUntil(areResolved, { deadlineMs: RESOLVED_DEADLINE_MS, everyMs: POLL_EVERY_MS, signal });
      await firingAtLast({ ...context, signal }, QUIET_DEADLINE_MS);
    },
  };
}
export type MonitoringWatch = ReturnType<typeof watchMonitoring>;

function recorded(
  { name, status, labels, arrivedAt }: ReceivedAlert,
  startedAt: number,
  stages: readonly StageRecord[],
): RecordedAlert {
  const at = Date.parse(arrivedAt) - startedAt;
  const { from = 0, name: stage = "" } = stages.findLast(({ from }) => from <= at) ?? {};
  const { machine = "", severity = "" } = labels;
  return { name, status, machine, severity, labels: { ...labels }, at, delay: at - from, stage };
}

async function cpuSecondsOf(machine: StandMachine): Promise<number> {
  const text = await must(machine, `systemctl show --value --property=CPUUsageNSec ${ANSWERING}`, COMMAND);
  return text.split(/\s+/).reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9;
}
