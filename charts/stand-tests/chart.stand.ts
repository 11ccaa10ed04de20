/**
 * The chart on a real cluster. `npm run test:chart`, as root, makes and removes it. This file alone leaves it for a look, as the stand `chart`.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { checkHistory } from "../../chaos/src/check/check.ts";
import { monotonicMs } from "../../chaos/src/clock.ts";
import { PROBE_PROGRAM } from "../../chaos/src/engine/observers.ts";
import { readHistory } from "../../chaos/src/history/history.ts";
import { summarize } from "../../chaos/src/history/summary.ts";
import type { PlanInput } from "../../chaos/src/probe/plan.ts";
import { parseRows, rowsOfRunSql } from "../../chaos/src/stored/weather-rows.ts";
import { bunProgram, CHECKOUT, inNamespace, runProgram, waitUntil } from "../../stand/src/index.ts";
import { type Cluster, FOLDER, openCluster, type Values } from "./cluster.fixture.ts";

const STEP_MS = 120_000;
/** 160 requests a second. */
const RATE = { clients: 16, intervalMs: 200 };
const DATABASE = { database: { existingSecret: "weather-db", sampleData: true } };
setDefaultTimeout(STEP_MS);

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openCluster();
}, 30 * 60_000);

const chart = (values: Values, ...words: readonly string[]) => {
  const command = ["upgrade", "weather", join(CHECKOUT, "charts/goldenring"), "--install", "--values=-", ...words];
  return cluster.helm(command, JSON.stringify({ ...cluster.values, ...values }));
};
const apply = async (values: Values = {}) =>
  expect(await chart({ ...DATABASE, ...values }, "--wait", "--timeout=90s")).toMatchObject({ code: 0 });
const nodesOfPods = async () => {
  const selector = "--selector=app.kubernetes.io/component=api";
  const found = await cluster.kubectl("get", "pods", selector, "--output=jsonpath={.items[*].spec.nodeName}");
  return found.split(" ").sort();
};

/** Reads and writes at a constant rate until it is stopped, each request once. */
function startProbe(name: string) {
  const out = join(FOLDER, `${name}.jsonl`);
  const plan: PlanInput = { kind: "service", target: cluster.url, run: name, out, ...RATE };
  writeFileSync(`${out}.plan`, JSON.stringify(plan));
  const over = new AbortController();
  const limits = { deadlineMs: 10 * STEP_MS, signal: over.signal, stopGraceMs: STEP_MS };
  const ended = runProgram(inNamespace(cluster.inventory, bunProgram(PROBE_PROGRAM, `${out}.plan`)), limits);
  const history = () => readHistory(out);
  return {
    history,
    /** Resolves when it loads the service. */
    runs: () =>
      waitUntil(async () => ((await history().catch(() => undefined))?.reads.length ?? 0) > 0, { deadlineMs: STEP_MS }),
    /** Requests without a good answer that ended from then on. */
    async failures(from = 0): Promise<readonly string[]> {
      const { reads, writes } = await history();
      return [...reads, ...writes.filter(({ abandoned }) => !abandoned)]
        .filter(({ outcome, end }) => outcome !== "ok" && end >= from)
        .map(({ kind, outcome, status, error, by }) => `${kind} ${outcome}: ${error ?? status} (${by ?? "nobody"})`);
    },
    async stop() {
      over.abort();
      expect(await ended).toMatchObject({ code: 0 });
    },
  };
}
let probe: ReturnType<typeof startProbe> | undefined;
afterAll(() => probe?.stop().catch(() => {}));

test("without a database it is refused, and says what is missing", async () => {
  const { code, stderr } = await chart({});
  expect(code).not.toBe(0);
  expect(stderr).toContain("The database is missing. Name a Secret");
});

test("with one, three replicas serve, on both nodes", async () => {
  await apply();
  expect(await nodesOfPods()).toHaveLength(3);
  expect(new Set(await nodesOfPods())).toEqual(new Set(["k8s-02", "k8s-03"]));
});

test("helm test passes: reads, writes, conditions, metrics, and writes seen through other pods", async () => {
  expect(await cluster.helm(["test", "weather"])).toMatchObject({ code: 0 });
});

test("where nobody enforces the network policy, helm test finds the caller that it does not stop", async () => {
  await apply({ networkPolicy: { enabled: true } });
  expect(await cluster.helm(["test", "weather"])).not.toMatchObject({ code: 0 });
  const log = await cluster.kubectl("logs", "weather-goldenring-stranger");
  expect(log).toContain("does this cluster's network enforce policies?");
});

test("the metrics API knows what the pods use", async () => {
  const isKnown = async () => (await cluster.kubectl("top", "pods").catch(() => "")).includes("weather-goldenring");
  expect(await waitUntil(isKnown, { deadlineMs: STEP_MS, everyMs: 1_000 })).toBe(true);
});

const SETTINGS = { config: { READ_GATHERING_MS: 10 } };
const CHANGES: Readonly<Record<string, () => Promise<unknown>>> = {
  "changed settings": () => apply(SETTINGS),
  "more replicas": () => apply({ ...SETTINGS, replicas: 5 }),
  "fewer replicas": () => apply({ ...SETTINGS, replicas: 3 }),
  "an image that is not there": async () => {
    const image = { image: { ...cluster.values.image, tag: "not-there" } };
    expect(await chart({ ...DATABASE, ...SETTINGS, ...image }, "--wait", "--timeout=5s")).not.toMatchObject({
      code: 0,
    });
  },
  "a rollback": async () =>
    expect(await cluster.helm(["rollback", "weather", "1", "--wait", "--timeout=90s"])).toMatchObject({ code: 0 }),
  "a drain": async () => {
    await cluster.kubectl("drain", "k8s-02", "--ignore-daemonsets", "--timeout=60s");
    await cluster.kubectl("rollout", "status", "deployment/weather-goldenring");
    expect(new Set(await nodesOfPods())).toEqual(new Set(["k8s-03"]));
    await cluster.kubectl("uncordon", "k8s-02");
  },
};

test.each(Object.keys(CHANGES))("%s: no request fails", async (name) => {
  probe ??= startProbe("changes");
  await probe.runs();
  const from = monotonicMs();
  await CHANGES[name]?.();
  expect(await probe.failures(from)).toEqual([]);
});

test("all that was acknowledged is stored once", async () => {
  if (probe === undefined) throw new Error("nothing was probed");
  await probe.stop();
  expect(await probe.failures()).toEqual([]);
  const history = await probe.history();
  const rows = parseRows(await cluster.sql(rowsOfRunSql("changes")));
  expect(checkHistory(history, { nodes: [{ node: "pg-01", readAt: monotonicMs(), rows }] }).violations).toEqual([]);
  const { reads, writes } = summarize(history);
  for (const [kind, { count, skipped, p99, longest }] of Object.entries({ reads, writes }))
    console.log(`${count} ${kind}, ${skipped} left out, p99 ${Math.round(p99)} ms, longest ${Math.round(longest)} ms`);
});

test("the control: pods that stop at once leave requests without an answer", async () => {
  await apply({ shutdown: { preStopSeconds: 0, delayMs: 0, graceMs: 500 } });
  probe = startProbe("control");
  await probe.runs();
  await cluster.kubectl("rollout", "restart", "deployment/weather-goldenring");
  await cluster.kubectl("rollout", "status", "deployment/weather-goldenring");
  await delay(2_000);
  await probe.stop();
  const failures = await probe.failures();
  const { reads, writes } = await probe.history();
  console.log(`${failures.length} of ${reads.length + writes.length} requests failed, such as ${failures[0]}`);
  expect(failures).not.toEqual([]);
});
