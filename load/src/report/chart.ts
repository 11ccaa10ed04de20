import type { Chart, Line } from "@goldenring/run-kit";
import { median } from "@goldenring/run-kit";
import { OBJECTIVES } from "@goldenring/stand";
import type { ResourceRow, ResourceUse, RouteSecond, SeriesRow } from "../record/record.ts";
import type { StoredRun } from "../record/run-folder.ts";
import { bySecond, kindOf, mostUsed, resourceNames } from "../resources/resources.ts";

const TIME = { label: "Seconds from the start", unit: "s" } as const;
const LATENCY_LIMITS = [
  { name: "objective for P90", value: OBJECTIVES.p90Ms },
  { name: "objective for P95", value: OBJECTIVES.p95Ms },
];

/** Users in one step of the chart of latency over users: as many steps as a chart has room for. */
const USER_STEPS = 60;

/** The charts of one run; those of which nothing was measured are left out. */
export function chartsOfRun({ series }: StoredRun): Chart[] {
  const { rows } = series;
  const parts = bySecond(series.parts ?? []);
  const over = (name: string, of: (row: SeriesRow) => number | undefined): Line => line(name, rows, of);
  const seconds = rows.map(({ t }) => tenths(t));
  const routes = [...new Set(rows.flatMap((row) => Object.keys(row.routes)))].sort();
  const charts: Chart[] = [
    {
      id: "load",
      title: "Users and requests",
      about: "Users at work, and the requests of one second. A user makes at most two a second.",
      x: TIME,
      y: { unit: "", scale: "linear" },
      xs: seconds,
      lines: [over("users", ({ users }) => users), over("requests/s", ({ requests }) => requests)],
      limits: [],
    },
    {
      id: "latency",
      title: "Latency",
      about: "How long the slower answers of each second took; logarithmic.",
      x: TIME,
      y: { unit: "ms", scale: "logarithmic" },
      xs: seconds,
      lines: (["p50", "p90", "p95", "p99"] as const).map((percentile) =>
        over(percentile.toUpperCase(), ({ latency }) => latency?.[percentile]),
      ),
      limits: LATENCY_LIMITS,
    },
    {
      id: "errors",
      title: "Errors",
      about: "Requests that failed in one second, and answers whose content was not right.",
      x: TIME,
      y: { unit: "/s", scale: "linear" },
      xs: seconds,
      lines: [
        over("failed requests", ({ failed }) => failed),
        over("failed checks", ({ checksFailed }) => checksFailed),
      ],
      limits: [],
    },
    {
      id: "routes",
      title: "P95 of each route",
      about: "How long the slowest twentieth of a route's answers took at least; logarithmic.",
      x: TIME,
      y: { unit: "ms", scale: "logarithmic" },
      xs: seconds,
      lines: routes.length < 2 ? [] : routes.map((route) => over(route, ({ routes: each }) => p95Of(each[route]))),
      limits: [{ name: "objective", value: OBJECTIVES.p95Ms }],
    },
    {
      id: "cpu",
      title: "CPU of the parts",
      about: "As a share of what each part may use: its limit, or the computer's cores for k6 and the computer itself.",
      x: TIME,
      y: { unit: "%", scale: "linear" },
      xs: parts.map(({ t }) => tenths(t)),
      lines: partLines(parts, ({ cpuShare }) => (cpuShare === undefined ? undefined : cpuShare * 100)),
      limits: [{ name: "all of it", value: 100 }],
    },
    {
      id: "memory",
      title: "Memory of the parts",
      about: "Logarithmic, because a replica has 128 MiB and the computer has gigabytes.",
      x: TIME,
      y: { unit: "MiB", scale: "logarithmic" },
      xs: parts.map(({ t }) => tenths(t)),
      lines: partLines(parts, ({ memoryBytes }) => (memoryBytes === undefined ? undefined : memoryBytes / 2 ** 20)),
      limits: [],
    },
    {
      id: "transactions",
      title: "Transactions of the databases",
      about: "Committed and rolled back in a second, over 30 s: what the load makes of the databases' work.",
      x: TIME,
      y: { unit: "/s", scale: "linear" },
      xs: parts.map(({ t }) => tenths(t)),
      lines: partLines(parts, ({ transactions }) => transactions),
      limits: [],
    },
  ];
  return charts.map(withoutEmptyLines).filter(({ lines }) => lines.length > 0);
}

export interface NamedRun {
  readonly name: string;
  /** Runs of one set are drawn in one colour. */
  readonly set: number;
  readonly run: StoredRun;
}

/** The charts of several runs over each other, a line for each run. */
export function chartsOfRuns(runs: readonly NamedRun[]): Chart[] {
  const longest = Math.max(0, ...runs.flatMap(({ run }) => run.series.rows.map(({ t }) => Math.round(t))));
  const seconds = Array.from({ length: longest }, (_, at) => at + 1);
  const over = <Row extends { readonly t: number }>(
    rowsOf: (run: StoredRun) => readonly Row[],
    value: (row: Row) => number | undefined,
  ): Line[] =>
    runs.map(({ name, set, run }) => {
      const bySecond = new Map(rowsOf(run).map((row) => [Math.round(row.t), value(row)]));
      return { name, colour: set, values: seconds.map((second) => tidyOrNull(bySecond.get(second))) };
    });
  const rows = (run: StoredRun): readonly SeriesRow[] => run.series.rows;
  const parts = (run: StoredRun): readonly ResourceRow[] => bySecond(run.series.parts ?? []);
  const time = { x: TIME, xs: seconds, limits: [] };
  const charts: Chart[] = [
    latencyByUsers(runs),
    {
      ...time,
      id: "p95",
      title: "P95 over time",
      about: "How long the slowest twentieth of each second's answers took at least; logarithmic.",
      y: { unit: "ms", scale: "logarithmic" },
      lines: over(rows, ({ latency }) => latency?.p95),
      limits: [{ name: "objective", value: OBJECTIVES.p95Ms }],
    },
    {
      ...time,
      id: "p50",
      title: "P50 over time",
      about: "How long half of each second's answers took at most; logarithmic.",
      y: { unit: "ms", scale: "logarithmic" },
      lines: over(rows, ({ latency }) => latency?.p50),
    },
    {
      ...time,
      id: "users",
      title: "Users",
      about: "Users at work.",
      y: { unit: "", scale: "linear" },
      lines: over(rows, ({ users }) => users),
    },
    {
      ...time,
      id: "rate",
      title: "Requests a second",
      about: "All routes together.",
      y: { unit: "/s", scale: "linear" },
      lines: over(rows, ({ requests }) => requests),
    },
    {
      ...time,
      id: "failed",
      title: "Failed requests",
      about: "In each second.",
      y: { unit: "/s", scale: "linear" },
      lines: over(rows, ({ failed }) => failed),
    },
    {
      ...time,
      id: "replica-cpu",
      title: "CPU of the busiest replica",
      about: "As a share of its limit.",
      y: { unit: "%", scale: "linear" },
      lines: over(parts, (row) => percentOf(mostUsed(row, "replica", ({ cpuShare }) => cpuShare))),
      limits: [{ name: "all of it", value: 100 }],
    },
    {
      ...time,
      id: "computer-cpu",
      title: "CPU of the computer",
      about: "As a share of its cores, with all that runs on it.",
      y: { unit: "%", scale: "linear" },
      lines: over(parts, (row) => percentOf(mostUsed(row, "computer", ({ cpuShare }) => cpuShare))),
      limits: [{ name: "all of it", value: 100 }],
    },
  ];
  return charts.map(withoutEmptyLines).filter(({ lines }) => lines.length > 0);
}

/** Latency over users instead of time: ramps of different speed fit over each other. */
function latencyByUsers(runs: readonly NamedRun[]): Chart {
  const most = Math.max(1, ...runs.flatMap(({ run }) => run.series.rows.map(({ users }) => users)));
  const step = Math.max(1, Math.ceil(most / USER_STEPS));
  const xs = Array.from({ length: Math.ceil(most / step) }, (_, at) => (at + 1) * step);
  const lines = runs.map(({ name, set, run }) => {
    const bySteps = Map.groupBy(run.series.rows, ({ users }) => Math.ceil(users / step) * step);
    return {
      name,
      colour: set,
      values: xs.map((users) => {
        const known = (bySteps.get(users) ?? []).flatMap(({ latency }) => latency?.p95 ?? []);
        return known.length === 0 ? null : tidy(median(known));
      }),
    };
  });
  return {
    id: "p95-by-users",
    title: "P95 over users",
    about: `Median of the P95s of all seconds with so many users, in steps of ${step}; logarithmic.`,
    x: { label: "Users", unit: "users" },
    y: { unit: "ms", scale: "logarithmic" },
    xs,
    lines,
    limits: [{ name: "objective", value: OBJECTIVES.p95Ms }],
  };
}

/** Replicas first, then the database, k6 and the computer, then what carries them. */
const ORDER = ["replica", "database", "ingress", "k6", "computer", "other"];

function partLines(rows: readonly ResourceRow[], of: (part: ResourceUse) => number | undefined): Line[] {
  return resourceNames(rows)
    .sort((one, other) => ORDER.indexOf(kindOf(one)) - ORDER.indexOf(kindOf(other)) || one.localeCompare(other))
    .map((name) =>
      withoutShortGaps(
        rows,
        line(name, rows, ({ parts }) => {
          const part = parts.find((each) => each.name === name);
          return part && of(part);
        }),
      ),
    );
}

/** Prometheus asks every ten seconds: a value holds until the next. */
const HOLDS_SECONDS = 12;

function withoutShortGaps(rows: readonly ResourceRow[], { name, values }: Line): Line {
  let [known, since]: [number | null, number] = [null, Number.NEGATIVE_INFINITY];
  const filled = values.map((value, index) => {
    const t = rows[index]?.t ?? 0;
    if (value !== null) [known, since] = [value, t];
    return t - since <= HOLDS_SECONDS ? known : null;
  });
  return { name, values: filled };
}

function line<Row>(name: string, rows: readonly Row[], of: (row: Row) => number | undefined): Line {
  return { name, values: rows.map((row) => tidyOrNull(of(row))) };
}

function withoutEmptyLines(chart: Chart): Chart {
  return { ...chart, lines: chart.lines.filter(({ values }) => values.some((value) => value !== null)) };
}

function p95Of(second: RouteSecond | undefined): number | undefined {
  return second?.latency?.p95;
}

function percentOf(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100;
}

function tidyOrNull(value: number | undefined): number | null {
  return value === undefined ? null : tidy(value);
}

/** Four digits are more than a chart shows, and keep the file small. */
function tidy(value: number): number {
  return Number(value.toPrecision(4));
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
