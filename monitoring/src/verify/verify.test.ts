import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PrometheusError } from "@goldenring/stand";
import fc from "fast-check";
import { hasProgram } from "../../../skips.fixture.ts";
import { DASHBOARDS } from "../dashboards/all.ts";
import { type Dashboard, lines, type Panel } from "../dashboards/panels.ts";
import { RULES_FOLDER, readRules } from "../rules/read-rules.ts";
import { expression } from "./expressions.fixture.ts";
import type { Finding } from "./judge.ts";
import { type Question, questionsOfDashboards, questionsOfRules } from "./questions.ts";
import { type RealPrometheus, startPrometheus } from "./real-prometheus.fixture.ts";
import { formatSelector, selectorsOf } from "./selectors.ts";
import { verifyQueries } from "./verify.ts";

setDefaultTimeout(120_000);
const isMissing = !hasProgram("prometheus");

/** Metrics as etcd, postgres_exporter and the API of the stand's versions report them. */
const METRICS = `
# HELP etcd_server_leader_changes_seen_total The number of leader changes seen.
# TYPE etcd_server_leader_changes_seen_total counter
etcd_server_leader_changes_seen_total{job="etcd",machine="etcd-01"} 3
# HELP etcd_server_proposals_failed_total The total number of failed proposals seen.
# TYPE etcd_server_proposals_failed_total counter
etcd_server_proposals_failed_total{job="etcd",machine="etcd-01"} 0
# HELP etcd_server_proposals_pending The current number of pending proposals to commit.
# TYPE etcd_server_proposals_pending gauge
etcd_server_proposals_pending{job="etcd",machine="etcd-01"} 0
# HELP etcd_disk_wal_fsync_duration_seconds The latency distributions of fsync called by WAL.
# TYPE etcd_disk_wal_fsync_duration_seconds histogram
etcd_disk_wal_fsync_duration_seconds_bucket{job="etcd",machine="etcd-01",le="+Inf"} 9
etcd_disk_wal_fsync_duration_seconds_sum{job="etcd",machine="etcd-01"} 0.1
etcd_disk_wal_fsync_duration_seconds_count{job="etcd",machine="etcd-01"} 9
# HELP pg_stat_bgwriter_buffers_alloc_total Number of buffers allocated
# TYPE pg_stat_bgwriter_buffers_alloc_total counter
pg_stat_bgwriter_buffers_alloc_total{job="postgres",machine="pg-01"} 5
# HELP http_request_duration_seconds Time from a request's arrival to its answer, by route template, method and status.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{job="api",machine="api-01",status="200",le="+Inf"} 7
http_request_duration_seconds_sum{job="api",machine="api-01",status="200"} 0.1
http_request_duration_seconds_count{job="api",machine="api-01",status="200"} 7
# HELP weather_write_batch_size Writes in one statement.
# TYPE weather_write_batch_size histogram
weather_write_batch_size_sum{job="api",machine="api-01",kind="add"} 4
weather_write_batch_size_count{job="api",machine="api-01",kind="add"} 2
`;

const panel = (title: string, expr: string): Panel => lines(title, "", { "1/s": { "{{machine}}": expr } });

function dashboardOf(...panels: Panel[]): Dashboard {
  const of = { name: "machine", title: "Machine", label: "machine", of: 'up{job="fixture"}' };
  return { name: "test", title: "Test", description: "", variables: [of], sections: { "": panels } };
}

describe.skipIf(isMissing)("against a real Prometheus", () => {
  let real: RealPrometheus;
  beforeAll(async () => {
    real = await startPrometheus(() => METRICS);
  });
  afterAll(() => real?.stop());

  async function findingOf(question: Question): Promise<Pick<Finding, "verdict" | "reason">> {
    const { findings } = await verifyQueries(real.prometheus, { questions: [question], rules: [] });
    const { verdict, reason } = findings[0] ?? { verdict: "error" };
    return reason === undefined ? { verdict } : { verdict, reason };
  }
  const findingOfPanel = (title: string, expr: string) => {
    const questions = questionsOfDashboards([dashboardOf(panel(title, expr))]);
    const question = questions.find(({ source }) => source === `test > ${title}`);
    return question === undefined ? undefined : findingOf(question);
  };
  const findingOfAlert = (expr: string) => findingOf({ source: "a.yml > Alert", expr, hasResult: false });

  test("the two wrong panels of the 2023 baseline are caught, each with what was meant, and right ones are not", async () => {
    const dashboard = dashboardOf(
      panel("Failed proposals", 'rate(etcd_server_leader_changes_seen_total{machine=~"$machine"}[$__rate_interval])'),
      panel("Buffers allocated", 'rate(pg_stat_bgwriter_buffers_alloc{machine=~"$machine"}[$__rate_interval])'),
      panel("Leader changes", 'rate(etcd_server_leader_changes_seen_total{machine=~"$machine"}[$__rate_interval])'),
      panel("Buffers", 'rate(pg_stat_bgwriter_buffers_alloc_total{machine=~"$machine"}[$__rate_interval])'),
    );
    const questions = questionsOfDashboards([dashboard]).filter(({ source }) => source.startsWith("test >"));
    const reported: Finding[] = [];
    const { findings, checked, failed } = await verifyQueries(real.prometheus, {
      questions,
      rules: [],
      onFinding: (finding) => reported.push(finding),
    });
    expect(checked).toBe(5);
    expect(reported).toEqual([...findings]);
    expect(findings.map(({ source, verdict }) => [source, verdict])).toEqual([
      ["test > variable machine", "data"],
      ["test > Failed proposals", "error"],
      ["test > Buffers allocated", "empty"],
      ["test > Leader changes", "data"],
      ["test > Buffers", "data"],
    ]);
    expect(failed.map(({ reason }) => reason)).toEqual([
      'is titled "Failed proposals", but reads etcd_server_leader_changes_seen_total ("The number of leader changes seen."); ' +
        'what fits the title is etcd_server_proposals_failed_total ("The total number of failed proposals seen.")',
      "there is no metric pg_stat_bgwriter_buffers_alloc: postgres_exporter 0.11 renamed it to pg_stat_bgwriter_buffers_alloc_total",
    ]);
  });

  test("a query that Prometheus refuses is an error with its message", async () => {
    expect(await findingOfPanel("Failed proposals", "rate(etcd_server_proposals_failed_total)")).toEqual({
      verdict: "error",
      reason: expect.stringContaining("expected type range vector in call to function"),
    });
  });

  test("labels without a series are named", async () => {
    expect(await findingOfPanel("Failed proposals", 'etcd_server_proposals_failed_total{job="ectd"}')).toEqual({
      verdict: "empty",
      reason: 'no series matches etcd_server_proposals_failed_total{job="ectd"}',
    });
  });

  test("a metric that does not exist is found behind one that does", async () => {
    const expr = "etcd_server_proposals_failed_total or etcd_server_proposals_failed";
    expect(await findingOfPanel("Failed proposals", expr)).toEqual({
      verdict: "empty",
      reason: "there is no metric etcd_server_proposals_failed: did you mean etcd_server_proposals_failed_total?",
    });
  });

  test("metrics that have data, but no labels in common, are empty", async () => {
    const expr = "etcd_server_proposals_failed_total / pg_stat_bgwriter_buffers_alloc_total";
    expect(await findingOfPanel("Failed proposals", expr)).toMatchObject({
      verdict: "empty",
      reason: expect.stringContaining("labels that don't match"),
    });
  });

  test("a result of nothing but NaN is empty", async () => {
    const expr = "etcd_server_proposals_failed_total / etcd_server_proposals_failed_total";
    expect(await findingOfPanel("Failed proposals", expr)).toEqual({
      verdict: "empty",
      reason: "every value of the result is NaN",
    });
  });

  test("what may be empty on a healthy stand is declared empty, with the reason", async () => {
    const expr = 'sum(rate(http_request_duration_seconds_count{status=~"5.."}[$__rate_interval]))';
    expect(await findingOfPanel("Requests failed", expr)).toEqual({
      verdict: "declared empty",
      reason: "nobody gets bad answers",
    });
    const mean = "rate(weather_write_batch_size_sum[1m]) / rate(weather_write_batch_size_count[1m])";
    expect(await findingOfPanel("Batch size", mean)).toEqual({ verdict: "declared empty", reason: "nobody writes" });
  });

  test("a quantile of nothing is fine where nothing has to happen, but not without its metric", async () => {
    const slowest = (metric: string) => `histogram_quantile(0.99, rate(${metric}{job="etcd"}[$__rate_interval]))`;
    expect(await findingOfPanel("Fsync", slowest("etcd_disk_wal_fsync_duration_seconds_bucket"))).toMatchObject({
      verdict: "declared empty",
      reason: expect.stringContaining("nobody writes to etcd"),
    });
    expect(await findingOfPanel("Commit", slowest("etcd_disk_backend_commit_duration_seconds_bucket"))).toMatchObject({
      verdict: "empty",
      reason: expect.stringContaining("there is no metric etcd_disk_backend_commit_duration_seconds_bucket"),
    });
  });

  test("an alert that does not fire is fine when everything in it has data", async () => {
    expect(await findingOfAlert("etcd_server_proposals_failed_total > 5")).toEqual({ verdict: "data" });
    expect(await findingOfAlert("absent(etcd_server_proposals_failed_total)")).toEqual({ verdict: "data" });
  });

  test("an alert that cannot fire, because its metric does not exist, is found", async () => {
    expect(await findingOfAlert("etcd_server_proposals_failed > 5")).toEqual({
      verdict: "empty",
      reason: "there is no metric etcd_server_proposals_failed: did you mean etcd_server_proposals_failed_total?",
    });
  });

  test("rules of the checkout that Prometheus has not loaded are named", async () => {
    const rules = readRules().slice(0, 2);
    const { failed } = await verifyQueries(real.prometheus, { questions: [], rules });
    expect(failed.map(({ source, reason }) => [source, reason])).toEqual(
      rules.map(({ file, name }) => [
        `${file} > ${name}`,
        "Prometheus has not loaded this rule: run the playbook (ring up --provision)",
      ]),
    );
  });

  test("Prometheus accepts every query of every dashboard and every rule", async () => {
    const questions = [...questionsOfDashboards(DASHBOARDS), ...questionsOfRules(readRules())];
    const refused: unknown[] = [];
    for (const { source, expr } of questions) {
      const answer = await real.prometheus.query(expr).catch((error: Error) => error);
      if (answer instanceof Error) refused.push([source, expr, answer.message]);
    }
    expect(refused).toEqual([]);
  });

  test("Prometheus' own form of an expression has the same selectors", async () => {
    const questions = [...questionsOfDashboards(DASHBOARDS), ...questionsOfRules(readRules())].map(({ expr }) => expr);
    const made = fc.sample(expression, 100).map(({ text }) => text);
    for (const expr of [...questions, ...made]) {
      const formatted = await formattedBy(real.url, expr);
      expect(selectorsOf(formatted).map(formatSelector)).toEqual(selectorsOf(expr).map(formatSelector));
    }
  });
});

describe.skipIf(isMissing)("with the rules of the checkout", () => {
  let real: RealPrometheus;
  beforeAll(async () => {
    const files = readdirSync(RULES_FOLDER).filter((file) => file.endsWith(".yml"));
    real = await startPrometheus(
      () => METRICS,
      files.map((file) => join(RULES_FOLDER, file)),
    );
  });
  afterAll(() => real?.stop());

  test("none is missing or different", async () => {
    expect((await verifyQueries(real.prometheus, { questions: [] })).failed).toEqual([]);
  });

  test("one that is loaded in another form is named", async () => {
    const [rule, ...others] = readRules();
    const changed = rule === undefined ? [] : [{ ...rule, expr: "vector(1) > up" }, ...others];
    const { failed } = await verifyQueries(real.prometheus, { questions: [], rules: changed });
    expect(failed.map(({ source, reason }) => [source, reason])).toEqual([
      [`${rule?.file} > ${rule?.name}`, expect.stringContaining("has loaded another form of this rule")],
    ]);
  });
});

test("a Prometheus that does not answer is an error, not a finding", async () => {
  const { createPrometheus } = await import("@goldenring/stand");
  const nobody = createPrometheus({ url: "http://127.0.0.1:1", user: "", password: "", ca: "" });
  await expect(verifyQueries(nobody, { questions: [], rules: [] })).rejects.toBeInstanceOf(PrometheusError);
});

async function formattedBy(url: string, query: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/format_query`, { method: "POST", body: new URLSearchParams({ query }) });
  const answer = (await response.json()) as { status: string; data?: string; error?: string };
  if (answer.status !== "success") throw new Error(`${query}\n${answer.error}`);
  return answer.data ?? "";
}
