import * as z from "zod";
import { ask, dataOf, type Server } from "./server.ts";

export const Labels = z.record(z.string(), z.string());
export type Labels = Readonly<z.output<typeof Labels>>;

export interface Sample {
  readonly labels: Labels;
  /** May be NaN or infinite. */
  readonly value: number;
  /** Seconds since 1970, with a fraction, as Prometheus counts. */
  readonly time: number;
}

const point = z.tuple([z.number(), z.string().transform(parseValue)]);

/** What a query answers: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats */
export const QueryResult = z
  .discriminatedUnion("resultType", [
    z.object({ resultType: z.literal("vector"), result: z.array(z.object({ metric: Labels, value: point })) }),
    z.object({ resultType: z.literal("scalar"), result: point }),
    z.object({
      resultType: z.literal("matrix"),
      result: z.array(z.object({ metric: Labels, values: z.array(point) })),
    }),
    z.object({ resultType: z.literal("string"), result: z.tuple([z.number(), z.string()]) }),
  ])
  .transform((answer, context): readonly Sample[] => {
    if (answer.resultType === "vector") return answer.result.map(({ metric, value }) => sampleOf(metric, value));
    if (answer.resultType === "scalar") return [sampleOf({}, answer.result)];
    if (answer.resultType === "matrix") {
      return answer.result.flatMap(({ metric, values }) => values.map((value) => sampleOf(metric, value)));
    }
    context.addIssue("a text has no samples");
    return z.NEVER;
  });

function sampleOf(labels: Labels, [time, value]: readonly [number, number]): Sample {
  return { labels, value, time };
}

/** A number as Go writes it. */
export function parseValue(text: string, context?: z.RefinementCtx): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  context?.addIssue(`"${text}" is no number`);
  return z.NEVER;
}

const Target = z
  .object({
    labels: Labels,
    /** `unknown`: it has not been scraped yet. */
    health: z.enum(["up", "down", "unknown"]),
    /** Of the last scrape; empty when that went well. */
    lastError: z.string(),
  })
  .transform(({ labels, health, lastError: error }) => ({ labels, health, error }));
export type Target = z.output<typeof Target>;

const Rule = z
  .object({
    type: z.enum(["alerting", "recording"]),
    name: z.string(),
    query: z.string(),
    health: z.enum(["ok", "err", "unknown"]),
    /** Of the last evaluation; empty when that went well. */
    lastError: z.string().default(""),
  })
  .transform(({ type: kind, name, query: expr, health, lastError: error }) => ({ kind, name, expr, health, error }));
export type Rule = z.output<typeof Rule>;

const Alert = z
  .object({
    labels: Labels,
    annotations: Labels,
    /** `pending`: it does not hold long enough yet. */
    state: z.enum(["pending", "firing"]),
    /** Since when the expression holds; ISO 8601. */
    activeAt: z.string(),
    value: z.string().transform(parseValue),
  })
  .transform((alert) => ({ name: alert.labels.alertname ?? "", ...alert }));
/** An alert whose expression holds at this moment. */
export type Alert = z.output<typeof Alert>;

const Targets = z.object({ activeTargets: z.array(Target) });
const Rules = z.object({ groups: z.array(z.object({ rules: z.array(Rule) })) });
const Alerts = z.object({ alerts: z.array(Alert) });
/** Targets of one metric may describe it in different ways; the first one counts. */
const Metadata = z
  .record(z.string(), z.array(z.object({ help: z.string() })))
  .transform((found) => new Map(Object.entries(found).map(([metric, [first]]) => [metric, first?.help ?? ""])));

/** A Prometheus server. Everything rejects with a `PrometheusError` when there is no answer within the deadline, or none of use. */
export function createPrometheus(server: Server) {
  const get = async <Shape extends z.ZodType>(path: string, shape: Shape, form?: URLSearchParams) =>
    dataOf(await ask(server, `/api/v1/${path}`, form), shape);
  return {
    query: (query: string): Promise<readonly Sample[]> => get("query", QueryResult, new URLSearchParams({ query })),
    /** Those that it scrapes, not those that relabelling dropped. */
    targets: async (): Promise<readonly Target[]> => (await get("targets?state=active", Targets)).activeTargets,
    rules: async (): Promise<readonly Rule[]> => (await get("rules", Rules)).groups.flatMap(({ rules }) => rules),
    alerts: async (): Promise<readonly Alert[]> => (await get("alerts", Alerts)).alerts,
    /** Of every series that it keeps, also of those that are no longer scraped. */
    metricNames: () => get("label/__name__/values", z.array(z.string())),
    /** The descriptions that targets give, by metric. */
    help: (): Promise<ReadonlyMap<string, string>> => get("metadata", Metadata),
  };
}
export type Prometheus = ReturnType<typeof createPrometheus>;
