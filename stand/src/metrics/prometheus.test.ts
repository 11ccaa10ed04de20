import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { hasProgram } from "../../../skips.fixture.ts";
import { alertmanagerAlerts } from "./alertmanager.ts";
import { createPrometheus, type Prometheus } from "./prometheus.ts";
import { foreignAuthority, type RealServers, startRealServers } from "./real-servers.fixture.ts";
import { PrometheusError } from "./server.ts";

setDefaultTimeout(60_000);
const isComplete = (["prometheus", "prometheus-alertmanager", "openssl"] as const).every((name) => hasProgram(name));

async function failureOf(work: Promise<unknown>): Promise<Pick<PrometheusError, "kind" | "message">> {
  const error = await work.then(
    () => new Error("there was an answer"),
    (failure: unknown) => failure,
  );
  if (error instanceof PrometheusError) return { kind: error.kind, message: error.message };
  throw error;
}

/** Tries until the answer pleases: what is scraped and evaluated comes a moment after the start. */
async function eventually<Answer>(
  attempt: () => Promise<Answer>,
  pleases: (answer: Answer) => boolean,
): Promise<Answer> {
  for (let tries = 150; ; tries -= 1) {
    const answer = await attempt();
    if (pleases(answer) || tries === 0) return answer;
    await delay(100);
  }
}

describe.skipIf(!isComplete)("a real Prometheus", () => {
  let servers: RealServers;
  let prometheus: Prometheus;
  beforeAll(async () => {
    servers = await startRealServers();
    prometheus = createPrometheus(servers.prometheus);
  });
  afterAll(() => servers?.stop());

  test("answers a query with its samples", async () => {
    const up = await eventually(
      () => prometheus.query("up"),
      (samples) => samples.length === 2 && samples.some(({ value }) => value === 1),
    );
    expect(up.map(({ labels, value }) => [labels.job, labels.machine, value]).toSorted()).toEqual([
      ["itself", "here", 1],
      ["nobody", undefined, 0],
    ]);
    const [now] = await prometheus.query("time()");
    expect(Math.abs((now?.value ?? 0) - Date.now() / 1_000)).toBeLessThan(10);
    expect(await prometheus.query("no_such_metric")).toEqual([]);
  });

  test("takes an expression that is longer than a URL may be", async () => {
    const long = "x".repeat(1_200_000);
    expect(await prometheus.query(`vector(1) unless up{job="${long}"}`)).toMatchObject([{ value: 1 }]);
  });

  test("says in its own words what is wrong with a query", async () => {
    expect(await failureOf(prometheus.query("sum(up"))).toEqual({
      kind: "refused",
      message: expect.stringContaining("parse error: unclosed left parenthesis"),
    });
    expect((await failureOf(prometheus.query("1 / vector(1) + up{job=~'['}"))).kind).toBe("refused");
  });

  test("lists its targets, with what is wrong with those that are down", async () => {
    const targets = await eventually(
      () => prometheus.targets(),
      (found) => found.every(({ health }) => health !== "unknown"),
    );
    expect(targets.map(({ labels, health }) => [labels.job, health]).toSorted()).toEqual([
      ["itself", "up"],
      ["nobody", "down"],
    ]);
    expect(targets.find(({ labels }) => labels.job === "nobody")).toMatchObject({
      labels: { instance: "127.0.0.1:1" },
      error: expect.stringContaining("refused"),
    });
    expect(targets.find(({ labels }) => labels.job === "itself")).toMatchObject({
      labels: { machine: "here" },
      error: "",
    });
  });

  test("lists its rules and alerts", async () => {
    const rules = await eventually(
      () => prometheus.rules(),
      (found) => found.every(({ health }) => health === "ok"),
    );
    expect(rules).toMatchObject([
      { kind: "recording", name: "job:up:sum" },
      { kind: "alerting", name: "Watchdog", expr: "vector(42)", health: "ok" },
      { kind: "alerting", name: "Patient" },
    ]);
    const alerts = await eventually(
      () => prometheus.alerts(),
      (found) => found.length === 2,
    );
    expect(alerts.toSorted((one, other) => (one.name < other.name ? -1 : 1))).toMatchObject([
      { name: "Patient", state: "pending" },
      { name: "Watchdog", state: "firing", value: 42, annotations: { summary: "The value is 42" } },
    ]);
  });

  test("knows the metrics' names and what they are", async () => {
    await eventually(
      () => prometheus.metricNames(),
      (names) => names.includes("job:up:sum"),
    );
    expect(await prometheus.metricNames()).toContain("prometheus_tsdb_head_series");
    expect((await prometheus.help()).get("prometheus_tsdb_head_series")).toContain("series in the head");
  });

  test("hands its alerts to the Alertmanager, which lists them", async () => {
    const alerts = await eventually(
      () => alertmanagerAlerts(servers.alertmanager),
      (found) => found.length > 0 && found.every(({ state }) => state === "active"),
    );
    expect(alerts).toMatchObject([
      { state: "active", inhibitedBy: [], silencedBy: [], labels: { alertname: "Watchdog", severity: "info" } },
    ]);
  });

  test("that does not accept the login says so, and the password is not in the message", async () => {
    const wrong = createPrometheus({ ...servers.prometheus, password: "guessed" });
    const failure = await failureOf(wrong.query("up"));
    expect(failure.kind).toBe("unauthorized");
    expect(failure.message).not.toContain("guessed");
  });

  test("whose certificate is of another authority gets no question and no password", async () => {
    const foreign = createPrometheus({ ...servers.prometheus, ca: foreignAuthority() });
    const failure = await failureOf(foreign.query("up"));
    expect(failure).toEqual({ kind: "unreachable", message: expect.stringMatching(/certificate|verify/i) });
  });

  test("that is not there is said to be unreachable", async () => {
    const nobody = createPrometheus({ ...servers.prometheus, url: "https://127.0.0.1:1" });
    expect((await failureOf(nobody.targets())).kind).toBe("unreachable");
  });
});
