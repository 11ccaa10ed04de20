import * as z from "zod";
import { Labels, parseValue, QueryResult, RangeResult, type Sample, type Series } from "./samples.ts";
import { ask, dataOf, type Server } from "./server.ts";

const Target = z
  .object({
    labels: Labels,
    /** `unknown`: it has not been scraped yet. */
    health: z.enum(["up", "down", "unknown"]),
    /** Of the last scrape; empty when that went well. */
    lastError: z.string(),
  })
  .transform(({ labels, health, lastError: error }) => {
    return { job: labels.job ?? "", instance: labels.instance ?? "", labels, health, error };
  });
/** What Prometheus scrapes. */
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

/** Of times in seconds since 1970; the step is in seconds, too. */
export type Range = Readonly<Record<"start" | "end" | "step", number>>;

/** A Prometheus server. Everything rejects with a `PrometheusError` when there is no answer within the deadline, or none of use. */
export function createPrometheus(server: Server) {
  const get = async <Shape extends z.ZodType>(path: string, shape: Shape, form?: URLSearchParams) =>
    dataOf(await ask(server, `/api/v1/${path}`, form), shape);
  return {
    query: (query: string): Promise<readonly Sample[]> => get("query", QueryResult, new URLSearchParams({ query })),
    queryRange: (query: string, { start, end, step }: Range): Promise<readonly Series[]> =>
      get(
        "query_range",
        RangeResult,
        new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` }),
      ),
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
