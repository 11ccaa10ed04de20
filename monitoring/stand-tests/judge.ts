import type { ReceivedAlert } from "../src/index.ts";
import type { Declared, Expected } from "./fault.ts";

/** From the fault to the first notification, ms: for what is critical, and for everything else. */
export const BAR = { critical: 90_000, other: 180_000 } as const;

/** An alert that came besides the expected one. */
export interface Other {
  readonly alert: string;
  readonly machine: string;
  /** From the fault to its notification, ms. */
  readonly afterMs: number;
  readonly isDeclared: boolean;
}

export interface Verdict {
  readonly severity: string;
  /** From the fault to the first notification, ms; undefined: none came. */
  readonly notifiedAfterMs: number | undefined;
  /** From the healing to the notice that it is over, ms; undefined: none came. */
  readonly resolvedAfterMs: number | undefined;
  readonly others: readonly Other[];
  /** What missed a bar, in words; empty: passed. */
  readonly misses: readonly string[];
}

export interface Course {
  readonly expected: Expected;
  readonly declared: readonly Declared[];
  /** Names of alerts that fired before the fault, and so say nothing of it. */
  readonly standing: readonly string[];
  /** Milliseconds since 1970. */
  readonly faultAt: number;
  readonly healedAt: number;
}

export function isExpected({ name, labels }: ReceivedAlert, { alert, labels: wanted }: Expected): boolean {
  return name === alert && Object.entries(wanted).every(([label, value]) => labels[label] === value);
}

/** @param received since the fault */
export function judge(received: readonly ReceivedAlert[], course: Course): Verdict {
  const { expected, faultAt, healedAt } = course;
  const mine = received.filter((alert) => isExpected(alert, expected));
  const firing = mine.find(({ status }) => status === "firing");
  const resolved = mine.findLast(({ status }) => status === "resolved");
  const severity = firing?.labels.severity ?? "";
  const notifiedAfterMs = firing && Date.parse(firing.arrivedAt) - faultAt;
  const resolvedAfterMs = resolved && Date.parse(resolved.arrivedAt) - healedAt;
  const others = othersIn(received, course);
  return {
    severity,
    notifiedAfterMs,
    resolvedAfterMs,
    others,
    misses: [
      ...delayMisses(expected, severity, notifiedAfterMs),
      ...(firing !== undefined && resolved === undefined ? [`no word that ${expected.alert} is over`] : []),
      ...undeclared(others).map((name) => `${name} was not declared`),
    ],
  };
}

function delayMisses({ alert }: Expected, severity: string, afterMs: number | undefined): string[] {
  if (afterMs === undefined) return [`${alert} did not come`];
  const bar = severity === "critical" ? BAR.critical : BAR.other;
  return afterMs <= bar ? [] : [`${alert} came after ${seconds(afterMs)}, bar ${seconds(bar)}`];
}

function othersIn(received: readonly ReceivedAlert[], course: Course): Other[] {
  const { expected, declared, standing, faultAt } = course;
  return received
    .filter((alert) => alert.status === "firing" && !isExpected(alert, expected) && !standing.includes(alert.name))
    .map(({ name, labels, arrivedAt }) => ({
      alert: name,
      machine: labels.machine ?? "",
      afterMs: Date.parse(arrivedAt) - faultAt,
      isDeclared: declared.some(({ alert }) => alert === name),
    }));
}

function undeclared(others: readonly Other[]): string[] {
  const names = others
    .filter(({ isDeclared }) => !isDeclared)
    .map(({ alert, machine }) => (machine === "" ? alert : `${alert} of ${machine}`));
  return [...new Set(names)];
}

/** A time without a fault: everything that fires in it and was not declared is false. */
export function judgeQuiet(
  received: readonly ReceivedAlert[],
  declared: readonly Declared[],
  standing: readonly string[],
  from: number,
): Pick<Verdict, "others" | "misses"> {
  const nothing = { alert: "", labels: {} };
  const others = othersIn(received, { expected: nothing, declared, standing, faultAt: from, healedAt: from });
  return { others, misses: undeclared(others).map((name) => `${name} was false`) };
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
