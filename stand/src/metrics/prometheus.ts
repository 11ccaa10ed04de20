import * as z from "zod";
import { dataOf } from "./answer.ts";
import { type Labels, parseValue, QueryResult, RangeResult, type Sample, type Series } from "./samples.ts";
import { ask, type Server } from "./server.ts";

/** What Prometheus scrapes. */
export interface Target {
  readonly job: string;
  readonly instance: string;
  readonly labels: Labels;
  readonly url: string;
  /** `unknown`: it has not been scraped yet. */
  readonly health: "up" | "down" | "unknown";
  /** Of the last scrape; empty when that went well. */
  readonly error: string;
}

export interface Rule {
  readonly kind: "alerting" | "recording";
  readonly name: string;
  readonly expr: string;
  readonly group: string;
  readonly file: string;
  readonly labels: Labels;
  /** None for a recording rule. */
  readonly annotations: Labels;
  /** How long the expression must hold before the alert fires; 0 for a recording rule. */
  readonly forSeconds: number;
  readonly health: "ok" | "err" | "unknown";
  /** Of the last evaluation; empty when that went well. */
  readonly error: string;
}

/** An alert whose expression holds now. */
export interface Alert {
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** `pending`: it does not hold long enough yet. */
  readonly state: "pending" | "firing";
  /** Since when the expression holds; ISO 8601. */
  readonly activeAt: string;
  readonly value: number;
}

export interface Metadata {
  /** counter, gauge, histogram, summary, unknown ... */
  readonly type: string;
  readonly help: string;
}

export interface Range {
  /** Seconds since 1970. */
  readonly start: number;
  readonly end: number;
  /** Seconds. */
  readonly step: number;
}

/** A Prometheus server. Everything rejects with a `PrometheusError` when there is no answer within the deadline, or none of use. */
export interface Prometheus {
  /** @param at seconds since 1970; default: the server's now */
  query(expr: string, at?: { readonly time?: number }): Promise<readonly Sample[]>;
  queryRange(expr: string, range: Range): Promise<readonly Series[]>;
  /** Those that it scrapes, not those that relabelling dropped. */
  targets(): Promise<readonly Target[]>;
  rules(): Promise<readonly Rule[]>;
  alerts(): Promise<readonly Alert[]>;
  /** Of every series that it keeps, also of those that are no longer scraped. */
  metricNames(): Promise<readonly string[]>;
  /** By metric, as the targets describe them. */
  metadata(): Promise<ReadonlyMap<string, Metadata>>;
}

const labels = z.record(z.string(), z.string());

const Targets = z
  .object({
    activeTargets: z.array(
      z.object({
        labels,
        scrapeUrl: z.string(),
        health: z.enum(["up", "down", "unknown"]),
        lastError: z.string(),
      }),
    ),
  })
  .transform(({ activeTargets }): readonly Target[] =>
    activeTargets.map(({ labels, scrapeUrl, health, lastError }) => ({
      job: labels.job ?? "",
      instance: labels.instance ?? "",
      labels,
      url: scrapeUrl,
      health,
      error: lastError,
    })),
  );

const Rules = z
  .object({
    groups: z.array(
      z.object({
        name: z.string(),
        file: z.string(),
        rules: z.array(
          z.object({
            type: z.enum(["alerting", "recording"]),
            name: z.string(),
            query: z.string(),
            duration: z.number().default(0),
            labels: labels.default({}),
            annotations: labels.default({}),
            health: z.enum(["ok", "err", "unknown"]),
            lastError: z.string().default(""),
          }),
        ),
      }),
    ),
  })
  .transform(({ groups }): readonly Rule[] =>
    groups.flatMap(({ name: group, file, rules }) =>
      rules.map(({ type, name, query, duration, labels, annotations, health, lastError }) => ({
        kind: type,
        name,
        expr: query,
        group,
        file,
        labels,
        annotations,
        forSeconds: duration,
        health,
        error: lastError,
      })),
    ),
  );

const Alerts = z
  .object({
    alerts: z.array(
      z.object({
        labels,
        annotations: labels,
        state: z.enum(["pending", "firing"]),
        activeAt: z.string(),
        value: z.string().transform(parseValue),
      }),
    ),
  })
  .transform(({ alerts }): readonly Alert[] =>
    alerts.map((alert) => ({ name: alert.labels.alertname ?? "", ...alert })),
  );

/** Targets of one metric may describe it in different ways; the first one counts. */
const MetadataByMetric = z
  .record(z.string(), z.array(z.object({ type: z.string(), help: z.string() })))
  .transform(
    (found): ReadonlyMap<string, Metadata> =>
      new Map(Object.entries(found).flatMap(([metric, [first]]) => (first === undefined ? [] : [[metric, first]]))),
  );

export function createPrometheus(server: Server): Prometheus {
  const get = async <Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.output<Shape>> =>
    dataOf(await ask(server, `/api/v1/${path}`), shape);
  const post = async <Shape extends z.ZodType>(
    path: string,
    form: Readonly<Record<string, string>>,
    shape: Shape,
  ): Promise<z.output<Shape>> => dataOf(await ask(server, `/api/v1/${path}`, new URLSearchParams(form)), shape);
  return {
    query: (expr, { time } = {}) =>
      post("query", { query: expr, ...(time === undefined ? {} : { time: String(time) }) }, QueryResult),
    queryRange: (expr, { start, end, step }) =>
      post("query_range", { query: expr, start: String(start), end: String(end), step: String(step) }, RangeResult),
    targets: () => get("targets?state=active", Targets),
    rules: () => get("rules", Rules),
    alerts: () => get("alerts", Alerts),
    metricNames: () => get("label/__name__/values", z.array(z.string())),
    metadata: () => get("metadata", MetadataByMetric),
  };
}
