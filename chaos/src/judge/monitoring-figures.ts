import { spreadOf } from "@goldenring/run-kit";
import type { Expectation } from "../experiment/experiment.ts";
import type { Evidence, Figure, FigureOf, SeenMonitoring } from "./evidence.ts";

export const OF_MONITORING = {
  alertDelay,
  alertResolved,
  undeclaredAlerts,
  targetsDown: ofSeen(({ targets, targetsUp }) =>
    targets === 0
      ? { missed: "Prometheus has no target" }
      : { value: targets - targetsUp, why: `${targetsUp} of ${targets} targets are up` },
  ),
  queriesWithoutData: ofSeen(({ queries: { checked, declaredEmpty, failed } }) => {
    if (checked === 0) return { missed: "no query was asked" };
    const why = [...failed.map((source) => `${source} has no data`), `${checked} queries`].join("; ");
    return { value: failed.length, why: `${why}; ${declaredEmpty} are rightly empty` };
  }),
  prometheusMemory: ofSeen(({ prometheusMegabytes }) => ({ value: prometheusMegabytes })),
  watchingCpu,
} satisfies Readonly<Record<string, FigureOf>>;

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
  const { from: since = 0 } = stages[0] ?? {};
  const undeclared = new Set<string>();
  const declared = new Set<string>();
  for (const alert of alerts) {
    const { name, machine, status, at } = alert;
    if (status !== "firing" || at < since || monitoring.firedBefore.includes(name)) continue;
    const declaration = mayCome.find((each) => isOne(alert, each, targets));
    if (declaration === undefined) undeclared.add(machine === "" ? name : `${name} of ${machine}`);
    else if (declaration.why !== EXPECTED) declared.add(name);
  }
  const why = [...undeclared].map((name) => `${name} was not declared`);
  if (declared.size > 0) why.push(`came as declared: ${[...declared].sort().join(", ")}`);
  return { value: undeclared.size, ...(why.length > 0 && { why: why.join("; ") }) };
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

function ofSeen(of: (seen: SeenMonitoring) => Figure): FigureOf {
  return (_, { monitoring: { seen } }) =>
    seen === undefined ? { unknown: "the stand's monitoring was not asked" } : of(seen);
}

function stageOf({ during }: Expectation, { alerts, stages }: AlertEvidence) {
  if (alerts === null) return NO_RECEIVER;
  return stages.find(({ name }) => name === during?.[0]) ?? { unknown: "its stage did not run" };
}

type Arrived = NonNullable<Evidence["alerts"]>[number];

function arrivals(expected: Expectation, evidence: AlertEvidence, status: Arrived["status"], since: number) {
  const ofStatus = (evidence.alerts ?? []).filter((alert) => alert.status === status && alert.at >= since);
  return ofStatus.filter((alert) => isOne(alert, expected, evidence.targets));
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
