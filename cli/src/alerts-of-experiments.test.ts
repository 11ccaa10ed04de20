import { expect, test } from "bun:test";
import { EXPERIMENTS } from "@goldenring/chaos";
import { readRules } from "@goldenring/monitoring";

/** What a critical alert may take from its fault to its notification, and any other. */
const CRITICAL_MS = 90_000;
const OTHER_MS = 180_000;

const rules = readRules().filter(({ kind }) => kind === "alert");
const expectations = EXPERIMENTS.flatMap((experiment) => experiment.expectations);

test("the alerts that experiments expect or declare are rules", () => {
  const names = expectations.flatMap(({ alert, mayCome = [] }) => [
    ...(alert === undefined ? [] : [alert]),
    ...mayCome.map((each) => each.alert),
  ]);
  expect(names.filter((name) => !rules.some((rule) => rule.name === name))).toEqual([]);
});

test("a critical alert is expected within 90 s, any other within 180 s", () => {
  for (const { metric, alert, labels, limit } of expectations) {
    if (metric !== "alertDelay") continue;
    // A probe is critical where users come in, and has another rule elsewhere.
    const named = rules.filter(({ name }) => name === alert);
    const of = named.length === 1 ? named : named.filter(({ expr }) => expr.includes(`=~"${labels?.target}`));
    const limits: number[] = of.map((rule) => (rule.labels.severity === "critical" ? CRITICAL_MS : OTHER_MS));
    expect([alert, limits]).toEqual([alert, [limit ?? 0]]);
  }
});
