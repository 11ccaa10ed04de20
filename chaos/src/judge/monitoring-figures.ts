import { spreadOf } from "@goldenring/run-kit";
import type { Expectation } from "../experiment/experiment.ts";
import type { Evidence, Figure } from "./evidence.ts";

type OfMonitoring = (expectation: Expectation, evidence: Evidence) => Figure;

/** What the metrics of alerts and of the stand's monitoring come to. */
export const OF_MONITORING = {
  alertDelay,
  alertResolved,
  undeclaredAlerts,
  targetsDown: ofSeen(({ targets, targetsUp }) =>
    targets === 0
      ? { missed: "Prometheus has no target" }
      : { value: targets - targetsUp, why: `${targetsUp} of ${targets} targets are up` },
  ),
  queriesWithoutData: ofSeen(({ queries: { checked, declaredEmpty, failed } }) =>
    checked === 0
      ? { missed: "no query was asked" }
      : {
          value: failed.length,
          why: [
            ...failed.map((source) => `${source} has no data`),
            `${checked} queries; ${declaredEmpty} are rightly empty`,
          ].join("; "),
        },
  ),
  prometheusMemory: ofSeen(({ prometheusMegabytes }) => ({ value: prometheusMegabytes })),
  watchingCpu,
} satisfies Readonly<Record<string, OfMonitoring>>;

export type AlertEvidence = Pick<Evidence, "alerts" | "stages" | "targets">;

/** From the moment before the first injection of a stage to the first notification. */
export function alertDelay(expected: Expectation, evidence: AlertEvidence): Figure {
  const stage = stageOf(expected, evidence);
  if ("unknown" in stage) return stage;
  const [first] = arrivals(expected, evidence, "firing", stage.from);
  return first ? { value: first.at - stage.from } : { missed: `${expected.alert} did not come` };
}

/** From the end of the undo of a stage to the notification that the alert is resolved. */
export function alertResolved(expected: Expectation, evidence: AlertEvidence): Figure {
  const stage = stageOf(expected, evidence);
  if ("unknown" in stage) return stage;
  if (arrivals(expected, evidence, "firing", stage.from).length === 0)
    return { unknown: `${expected.alert} did not come` };
  const last = arrivals(expected, evidence, "resolved", stage.from).at(-1);
  const undoneAt = Math.max(...stage.faults.map(({ undoneAt }) => undoneAt ?? stage.to));
  return last ? { value: last.at - undoneAt } : { missed: `${expected.alert} was not resolved` };
}

/** Alerts that fired before the round say nothing about its faults. */
function undeclaredAlerts({ mayCome = [] }: Expectation, { alerts, stages, targets, monitoring }: Evidence): Figure {
  if (alerts === null) return NO_RECEIVER;
  const [first] = stages;
  const others = alerts.filter(
    ({ name, status, at }) => status === "firing" && at >= (first?.from ?? 0) && !monitoring.firedBefore.includes(name),
  );
  const declared = (alert: (typeof others)[number]) => mayCome.find((each) => isOne(alert, each, targets));
  const undeclared = new Set(
    others
      .filter((alert) => !declared(alert))
      .map(({ name, machine }) => (machine === "" ? name : `${name} of ${machine}`)),
  );
  const came = new Set(
    others.filter((alert) => declared(alert)?.why !== EXPECTED).flatMap((alert) => (declared(alert) ? alert.name : [])),
  );
  const why = [
    ...[...undeclared].map((name) => `${name} was not declared`),
    ...(came.size === 0 ? [] : [`came as declared: ${[...came].sort().join(", ")}`]),
  ];
  return { value: undeclared.size, ...(why.length === 0 ? {} : { why: why.join("; ") }) };
}

/** Why the alert that a fault must bring may come. */
export const EXPECTED = "it is expected";

/** The median, over all pairs of stages and all API replicas, of what a replica takes more while it is watched. */
function watchingCpu({ during = [], comparedWith = [] }: Expectation, { monitoring: { apiCpu } }: Evidence): Figure {
  const differences = during.flatMap((watched, pair) => {
    const without = apiCpu[comparedWith[pair] ?? ""] ?? [];
    return (apiCpu[watched] ?? []).map((share, replica) => share - (without[replica] ?? Number.NaN));
  });
  const { median: value, min, max } = spreadOf(differences);
  if (Number.isNaN(value)) return { missed: "the CPU of the replicas was not measured" };
  return { value, why: `from ${min.toFixed(2)} to ${max.toFixed(2)} %` };
}

const NO_RECEIVER = { unknown: "nobody receives alerts" };

function ofSeen(of: (seen: NonNullable<Evidence["monitoring"]["seen"]>) => Figure): OfMonitoring {
  return (_, { monitoring: { seen } }) =>
    seen === undefined ? { unknown: "the stand's monitoring was not asked" } : of(seen);
}

function stageOf({ during }: Expectation, { alerts, stages }: AlertEvidence) {
  if (alerts === null) return NO_RECEIVER;
  return stages.find(({ name }) => name === during?.[0]) ?? { unknown: "its stage did not run" };
}

type Arrived = NonNullable<Evidence["alerts"]>[number];

function arrivals(
  expected: Expectation,
  { alerts, targets }: AlertEvidence,
  status: Arrived["status"],
  since: number,
): readonly Arrived[] {
  return (alerts ?? []).filter(
    (alert) => alert.status === status && alert.at >= since && isOne(alert, expected, targets),
  );
}

/** Its name, and all labels that are given. A machine is given by its name or as the target of a fault. */
function isOne(
  { name, labels }: Pick<Arrived, "name" | "labels">,
  { alert, labels: given = {} }: Pick<Expectation, "alert" | "labels">,
  targets: Evidence["targets"],
): boolean {
  const fits = ([label, value]: [string, string]): boolean =>
    (label === "machine" ? (targets[value] ?? [value]) : [value]).includes(labels[label] ?? "");
  return name === alert && Object.entries(given).every(fits);
}
