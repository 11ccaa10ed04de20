import {
  AVAILABILITY,
  BUDGET_PERIOD,
  BURN_RATES,
  type BurnRate,
  burnRatesOf,
  burnThreshold,
  MIN_BAD_REQUESTS,
  SERVICE_LEVELS,
  type ServiceLevel,
  type Window,
} from "@goldenring/stand";
import { stringify } from "yaml";
import { runbookOf } from "./read-rules.ts";

type Texts = Readonly<Record<string, string>>;

type RuleEntry =
  | { readonly record: string; readonly expr: string; readonly labels?: Texts }
  | Readonly<Record<"alert" | "expr" | "for", string> & Record<"labels" | "annotations", Texts>>;

/** Requests of people and programs, without health checks and scrapes. */
const API = 'job="api", route!~"/healthz/.+|/metrics"';
/** The answers that left the stand. The ingress also counts those that it gave itself because no replica could. */
const INGRESS = 'job="ingress", proxy="api"';

const rateOf = (selector: string): string => `sum(rate(${selector}[1m]))`;

/** Requests and bad requests a second. All longer windows are sums of these two series. */
function baseRules({ name, slowerThanMs }: ServiceLevel): readonly RuleEntry[] {
  const counted = slowerThanMs === undefined ? answers() : slowAnswers(slowerThanMs);
  const names = ["slo:requests:rate1m", "slo:errors:rate1m"];
  return counted.map((expr, at) => ({ record: names[at] ?? "", expr, labels: { slo: name } }));
}

/** An error is a 5xx: a 4xx answers a wrong request as promised. Without an ingress, the API's own count. */
function answers(): readonly [requests: string, errors: string] {
  const count = (atIngress: string, atApi: string): string =>
    `${rateOf(`haproxy_frontend_http_responses_total{${INGRESS}${atIngress}}`)} or ${rateOf(`http_request_duration_seconds_count{${API}${atApi}}`)}`;
  return [count("", ""), `${count(', code="5xx"', ', status=~"5.."')} or vector(0)`];
}

/**
 * The API's histogram has buckets that end at 0.3 and 0.6 s for this (api/src/operations/metrics.ts). An upload that its
 * client broke off (499) took as long as the client did.
 */
function slowAnswers(slowerThanMs: number): ReturnType<typeof answers> {
  const good = `${API}, status!~"499|5.."`;
  const requests = rateOf(`http_request_duration_seconds_count{${good}}`);
  const quick = rateOf(`http_request_duration_seconds_bucket{${good}, le="${slowerThanMs / 1_000}"}`);
  return [requests, `${requests} - ${quick}`];
}

const ratioOver = (window: Window): RuleEntry => ({
  record: `slo:errors:ratio_rate${window}`,
  expr: `sum_over_time(slo:errors:rate1m[${window}]) / sum_over_time(slo:requests:rate1m[${window}])`,
});

/** Between two values of the series of bad requests. */
const STEP_S = 10;

const countOver = (window: Window): RuleEntry => ({
  record: `slo:errors:count${window}`,
  expr: `sum_over_time(slo:errors:rate1m[${window}]) * ${STEP_S}`,
});

/** Windows so long that an evaluation a minute is enough. */
const SLOW: ReadonlySet<Window> = new Set(["2h", "6h", "1d", "3d", BUDGET_PERIOD]);
const LONG_WINDOWS = BURN_RATES.map(({ long }) => long);
const WINDOWS: readonly Window[] = [
  ...new Set<Window>([...BURN_RATES.map(({ short }) => short), ...LONG_WINDOWS, BUDGET_PERIOD]),
];

const windowRules = (isIncluded: (window: Window) => boolean): readonly RuleEntry[] => [
  ...WINDOWS.filter(isIncluded).map(ratioOver),
  ...LONG_WINDOWS.filter(isIncluded).map(countOver),
];

const budgetOf = (level: ServiceLevel): RuleEntry => ({
  record: "slo:error_budget:ratio",
  expr: `vector(${level.budget})`,
  labels: { slo: level.name },
});

const BUDGET_LEFT: RuleEntry = {
  record: "slo:error_budget_left:ratio",
  expr: `1 - slo:errors:ratio_rate${BUDGET_PERIOD} / slo:error_budget:ratio`,
};

const ALERTS = {
  availability: "ApiAvailabilityBudgetBurn",
  latency_p95: "ApiLatencyP95BudgetBurn",
  latency_p90: "ApiLatencyP90BudgetBurn",
} as const satisfies Record<ServiceLevel["name"], string>;

function burnAlert(level: ServiceLevel, rate: BurnRate): RuleEntry {
  const alert = ALERTS[level.name];
  const of = `{slo="${level.name}"}`;
  const threshold = burnThreshold(level, rate);
  const isBurning = (window: Window): string => `slo:errors:ratio_rate${window}${of} > ${threshold}`;
  const what = level === AVAILABILITY ? "errors" : `slower than ${level.slowerThanMs} ms`;
  return {
    alert,
    expr: `${isBurning(rate.long)} and ${isBurning(rate.short)} and slo:errors:count${rate.long}${of} >= ${MIN_BAD_REQUESTS}`,
    for: rate.severity === "critical" ? "30s" : "60s",
    labels: { severity: rate.severity, burn_rate: String(rate.factor) },
    annotations: {
      summary: `The API uses up its error budget too fast (burn rate ${rate.factor})`,
      description: `{{ $value | humanizePercentage }} of the answers of the last ${rate.long} were ${what}, and there are still too many. Promised: ${level.promise} in ${BUDGET_PERIOD}.`,
      runbook: runbookOf("api", alert),
    },
  };
}

export function serviceLevelRules(): string {
  const groups = [
    {
      name: "slo",
      interval: `${STEP_S}s`,
      rules: [...SERVICE_LEVELS.flatMap(baseRules), ...windowRules((window) => !SLOW.has(window))],
    },
    {
      name: "slo-slow",
      interval: "1m",
      rules: [...windowRules((window) => SLOW.has(window)), ...SERVICE_LEVELS.map(budgetOf), BUDGET_LEFT],
    },
    {
      name: "slo-alerts",
      rules: SERVICE_LEVELS.flatMap((level) => burnRatesOf(level).map((rate) => burnAlert(level, rate))),
    },
  ];
  const comment = "# Written by monitoring/src/build.ts from stand/src/objectives/: change those.";
  return `${comment}\n${stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
