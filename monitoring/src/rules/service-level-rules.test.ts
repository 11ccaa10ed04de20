import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BURN_RATES, SERVICE_LEVELS } from "@goldenring/stand";
import { readRules } from "./read-rules.ts";

const METRICS_OF_API = fileURLToPath(new URL("../../../api/src/operations/metrics.ts", import.meta.url));

describe("the rules of the service levels", () => {
  const rules = readRules().filter(({ file }) => file === "api.yml");
  const recorded = new Set(rules.filter(({ kind }) => kind === "record").map(({ name }) => name));

  test("record every window that an alert reads", () => {
    const read = rules.filter(({ kind }) => kind === "alert").flatMap(({ expr }) => expr.match(/slo:[\w:]+/g) ?? []);
    expect(read.filter((name) => !recorded.has(name))).toEqual([]);
    const ratios = new Set(read.filter((name) => name.includes("ratio")));
    expect(ratios.size).toBe(new Set(BURN_RATES.flatMap(({ long, short }) => [long, short])).size);
  });

  test("have an alert for each level and each speed that it can burn at", () => {
    const alerts = rules.filter(({ kind }) => kind === "alert");
    expect(alerts.length).toBe(SERVICE_LEVELS.length * BURN_RATES.length - 1);
  });

  test("read buckets that the API's histogram has", () => {
    const [, list = ""] = /const SECONDS = \[(.+)\];/.exec(readFileSync(METRICS_OF_API, "utf8")) ?? [];
    const buckets = list.split(", ");
    const read = rules.flatMap(({ expr }) => [...expr.matchAll(/le="([\d.]+)"/g)].map(([, le = ""]) => le));
    expect(read).toEqual(["0.6", "0.3"]);
    for (const le of read) expect(buckets).toContain(le);
  });
});
