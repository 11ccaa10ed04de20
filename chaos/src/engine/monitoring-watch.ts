import { setTimeout as delay } from "node:timers/promises";
import { byRole, DeadlineExceeded, must, waitFor, waitUntil } from "@goldenring/stand";
import type { Experiment, Stage } from "../experiment/experiment.ts";
import type { MetricName } from "../experiment/metrics.ts";
import type { MonitoringEvidence } from "../judge/evidence.ts";
import { type AlertEvidence, alertDelay, alertResolved } from "../judge/monitoring-figures.ts";
import type { RecordedAlert, StageRecord } from "../run/record.ts";
import type { MonitoringStatus, ReceivedAlert, RunContext } from "./run-context.ts";
import { logWaiting, NotSteady } from "./until-steady.ts";

/** Alerts with a long window outlive their fault. */
const QUIET_DEADLINE_MS = 300_000;
/** Scrape, rule and Alertmanager's group interval; a machine must have booted before. */
const RESOLVED_DEADLINE_MS = 300_000;
const POLL_EVERY_MS = 1_000;
const LOG_EVERY_MS = 10_000;
const COMMAND_DEADLINE_MS = 10_000;

type QuietContext = Pick<RunContext, "experiment" | "monitoring" | "log">;

/**
 * Waits until the stand has no problem and no alert fires, where the experiment asks for that.
 *
 * @returns the alerts that still fire at the deadline
 * @throws {NotSteady} when there are still problems then, or an alert fires that a fault must bring
 */
export async function untilQuiet(
  context: QuietContext,
  signal: AbortSignal,
  deadlineMs = QUIET_DEADLINE_MS,
): Promise<readonly string[]> {
  const firing = await firingAtLast(context, signal, deadlineMs);
  const expected = context.experiment.expectations.find(
    ({ metric, alert = "" }) => metric === "alertDelay" && firing.includes(alert),
  );
  if (expected) throw new NotSteady(`${expected.alert} fires already.`);
  return firing;
}

async function firingAtLast(
  { experiment, monitoring, log }: QuietContext,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<readonly string[]> {
  if (monitoring === undefined || !experiment.steadyState.noAlerts) return [];
  let last: MonitoringStatus | undefined;
  const attempt = async () => {
    last = await monitoring.status();
    const missing = [...last.problems, ...last.firing.map((name) => `${name} fires`)];
    return missing.length === 0 ? { value: [] } : { missing: missing.slice(0, 3).join("; ") };
  };
  try {
    const onMissing = logWaiting(log, LOG_EVERY_MS);
    return await waitFor(attempt, { deadlineMs, everyMs: POLL_EVERY_MS, signal, onMissing });
  } catch (error) {
    if (!(error instanceof DeadlineExceeded) || last === undefined) throw error;
    if (last.problems.length > 0) throw new NotSteady(`The stand is not well: ${last.problems.join("; ")}.`);
    return [...new Set(last.firing)];
  }
}

export interface RoundFacts {
  /** Of the round, ms since 1970. */
  readonly startedAt: number;
  readonly firedBefore: readonly string[];
  /** As far as they have run. */
  readonly stages: readonly StageRecord[];
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

/** Follows the stand's monitoring during a round, as far as the experiment's expectations are about it. */
export class MonitoringWatch {
  readonly #context: RunContext;
  readonly #facts: RoundFacts;
  readonly #apiCpu: Record<string, readonly number[]> = {};
  #seen: MonitoringEvidence["seen"];

  constructor(context: RunContext, facts: RoundFacts) {
    this.#context = context;
    this.#facts = facts;
  }

  get evidence(): Pick<AlertEvidence, "alerts"> & { readonly monitoring: MonitoringEvidence } {
    const { firedBefore } = this.#facts;
    return { alerts: this.#alerts(), monitoring: { firedBefore, seen: this.#seen, apiCpu: this.#apiCpu } };
  }

  /** Before the first stage. */
  async ask(): Promise<void> {
    const { monitoring, stand } = this.#context;
    const isAsked =
      (["targetsDown", "queriesWithoutData", "prometheusMemory"] as const).flatMap(this.#expected).length > 0;
    if (monitoring === undefined || !isAsked) return;
    const { targets, targetsUp } = await monitoring.status();
    const queries = await monitoring.verifyQueries();
    const [prometheus] = byRole(stand, "prometheus");
    const kibibytes =
      prometheus && (await must(prometheus, "ps -o rss= -C prometheus", { deadlineMs: COMMAND_DEADLINE_MS }));
    this.#seen = { targets, targetsUp, queries, prometheusMegabytes: (Number(kibibytes) * 1_024) / 1e6 };
  }

  /** As long as a stage lasts after its injections. */
  async during(stage: Stage, signal: AbortSignal): Promise<void> {
    const measured = this.#expected("watchingCpu").some(({ during = [], comparedWith = [] }) =>
      [...during, ...comparedWith].includes(stage.name),
    );
    if (measured) this.#apiCpu[stage.name] = await this.#cpuShares(() => this.#last(stage, signal));
    else await this.#last(stage, signal);
  }

  /** After the recovery: until the alerts that came are resolved, and no other fires. What comes meanwhile belongs to the round. */
  async untilResolved(signal: AbortSignal): Promise<void> {
    if (!this.#context.experiment.steadyState.noAlerts || this.#context.monitoring === undefined) return;
    const areResolved = (): boolean =>
      !this.#expected("alertResolved").some((each) => "missed" in alertResolved(each, this.#now()));
    await waitUntil(areResolved, { deadlineMs: RESOLVED_DEADLINE_MS, everyMs: POLL_EVERY_MS, signal });
    await firingAtLast(this.#context, signal, QUIET_DEADLINE_MS);
  }

  async #last({ name, seconds, secondsAfterAlerts }: Stage, signal: AbortSignal): Promise<void> {
    if (secondsAfterAlerts === undefined) return delay(seconds * 1_000, undefined, { signal });
    const expected = this.#expected("alertDelay").filter(({ during }) => during?.includes(name));
    const haveCome = (): boolean => expected.every((each) => "value" in alertDelay(each, this.#now()));
    const came = await waitUntil(haveCome, { deadlineMs: seconds * 1_000, everyMs: POLL_EVERY_MS, signal });
    if (came) await delay(secondsAfterAlerts * 1_000, undefined, { signal });
  }

  /** What answers on each API replica takes meanwhile, % of the machine's limit. */
  async #cpuShares(work: () => Promise<void>): Promise<readonly number[]> {
    const { monitoring, stand } = this.#context;
    const machines = byRole(stand, "api");
    const limits = (await monitoring?.status())?.cpuLimits ?? {};
    const read = (): Promise<readonly number[]> => Promise.all(machines.map(cpuSecondsOf));
    const [before, startedAt] = [await read(), performance.now()];
    await work();
    const [after, seconds] = [await read(), (performance.now() - startedAt) / 1_000];
    return machines.map(({ name }, index) => {
      const used = (after[index] ?? Number.NaN) - (before[index] ?? Number.NaN);
      return (100 * used) / (seconds * (limits[name] ?? Number.NaN));
    });
  }

  readonly #expected = (metric: MetricName): Experiment["expectations"] =>
    this.#context.experiment.expectations.filter((each) => each.metric === metric);

  #now(): AlertEvidence {
    return { ...this.#facts, alerts: this.#alerts() };
  }

  #alerts(): readonly RecordedAlert[] | null {
    const received = this.#context.monitoring?.alertsSince(this.#facts.startedAt);
    return received?.map((alert) => recorded(alert, this.#facts)) ?? null;
  }
}

function recorded(
  { name, status, labels, arrivedAt }: ReceivedAlert,
  { startedAt, stages }: RoundFacts,
): RecordedAlert {
  const at = Date.parse(arrivedAt) - startedAt;
  const { from = 0, name: stage = "" } = stages.findLast(({ from }) => from <= at) ?? {};
  const { machine = "", severity = "" } = labels;
  return { name, status, machine, severity, labels: { ...labels }, at, delay: at - from, stage };
}

/** What answers on a replica's machine. */
const ANSWERING = "goldenring-api prometheus-node-exporter";

async function cpuSecondsOf(machine: Parameters<typeof must>[0]): Promise<number> {
  const text = await must(machine, `systemctl show --value --property=CPUUsageNSec ${ANSWERING}`, {
    deadlineMs: COMMAND_DEADLINE_MS,
  });
  return text.split(/\s+/).reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9;
}
