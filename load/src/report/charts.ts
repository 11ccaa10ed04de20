import { type Chart, type ChartUnit, drawable, type Line, median, tidy } from "@goldenring/run-kit";
import { OBJECTIVES } from "@goldenring/stand";
import type { ResourceRow, ResourceUse, SeriesRow, StoredRun } from "../record/record.ts";
import { bySecond, kindOf, mostUsed, RESOURCE_KINDS, routeNames } from "../resources/resources.ts";

const TEXTS = {
  load: ["Users and requests", "Active users, and the requests of each second. A user makes at most two a second."],
  latency: ["Latency", "Percentiles of each second; logarithmic."],
  errors: ["Errors", "Requests that failed in each second, and answers with wrong content."],
  routes: ["P95 of each route", "95 % of a route's answers were as fast or faster; logarithmic."],
  cpu: ["CPU of the parts", "Share of what each part may use: its limit, or all cores for k6 and the computer."],
  memory: [
    "Memory of the parts",
    "Logarithmic, because a replica has some hundred MiB at most and the computer has gigabytes.",
  ],
  p95: ["P95 over time", "95 % of each second's answers were as fast or faster; logarithmic."],
  p50: ["P50 over time", "Half of each second's answers were as fast or faster; logarithmic."],
  users: ["Users", "Active users."],
  rate: ["Requests per second", "All routes together."],
  failed: ["Failed requests", "In each second."],
  "replica-cpu": ["CPU of the busiest replica", "As a share of its limit."],
  "computer-cpu": ["CPU of the computer", "Share of all cores, of everything that runs on it."],
} as const;

const P90 = { name: "objective for P90", value: OBJECTIVES.p90Ms };
const P95 = { name: "objective for P95", value: OBJECTIVES.p95Ms };
const WHOLE = { name: "100 %", value: 100 };

/** Users in one step of the chart of latency over users: as many steps as a chart has room for. */
const USER_STEPS = 60;

type Limit = Chart["limits"][number];

type Drawn<Of> = readonly [keyof typeof TEXTS, ChartUnit, (of: Of) => number | undefined, ...Limit[]];

const OF_PARTS: readonly Drawn<ResourceUse>[] = [
  ["cpu", "%", percentOf, WHOLE],
  ["memory", "MiB", ({ memoryBytes }) => memoryBytes && memoryBytes / 2 ** 20],
];

const OF_SECONDS: readonly Drawn<SeriesRow>[] = [
  ["p95", "ms", ({ latency }) => latency?.p95, P95],
  ["p50", "ms", ({ latency }) => latency?.p50],
  ["users", "", ({ users }) => users],
  ["rate", "/s", ({ requests }) => requests],
  ["failed", "/s", ({ failed }) => failed],
];

function over(xs: readonly number[]) {
  return (id: keyof typeof TEXTS, unit: ChartUnit, lines: Line[], ...limits: Limit[]): Chart => {
    const [title, about] = TEXTS[id];
    return { id, title, about, x: { label: "Seconds from the start", unit: "s" }, y: axis(unit), xs, lines, limits };
  };
}

function axis(unit: ChartUnit): Chart["y"] {
  return { unit, scale: unit === "ms" || unit === "MiB" ? "logarithmic" : "linear" };
}

/** The charts of one run; those of which nothing was measured are left out. */
export function chartsOfRun({ series }: StoredRun): Chart[] {
  const { rows } = series;
  const parts = bySecond(series.parts ?? []);
  const chart = over(rows.map(({ t }) => tenths(t)));
  const partChart = over(parts.map(({ t }) => tenths(t)));
  const of = (name: string, value: (row: SeriesRow) => number | undefined): Line => line(name, rows, value);
  const percentiles = (["p50", "p90", "p95", "p99"] as const).map((name) =>
    of(name.toUpperCase(), ({ latency }) => latency?.[name]),
  );
  const routes = routeNames(rows).map((route) => of(route, (row) => row.routes[route]?.latency?.p95));
  return drawable([
    chart("load", "", [of("users", ({ users }) => users), of("requests/s", ({ requests }) => requests)]),
    chart("latency", "ms", percentiles, P90, P95),
    chart("errors", "/s", [
      of("failed requests", ({ failed }) => failed),
      of("failed checks", ({ checksFailed }) => checksFailed),
    ]),
    chart("routes", "ms", routes.length < 2 ? [] : routes, P95),
    ...OF_PARTS.map(([id, unit, use, ...limits]) => partChart(id, unit, partLines(parts, use), ...limits)),
  ]);
}

export interface NamedRun {
  readonly name: string;
  /** Runs of one set are drawn in one colour. */
  readonly set: number;
  readonly run: StoredRun;
}

/** The charts of several runs over each other, a line for each run. */
export function chartsOfRuns(runs: readonly NamedRun[]): Chart[] {
  const last = Math.max(0, ...runs.flatMap(({ run }) => run.series.rows.map(({ t }) => Math.round(t))));
  const xs = Array.from({ length: last }, (_, at) => at + 1);
  const lines = <Row extends { readonly t: number }>(
    all: (run: StoredRun) => readonly Row[],
    value: (row: Row) => number | undefined,
  ): Line[] =>
    runs.map(({ name, set, run }) => {
      const values = new Map(all(run).map((row) => [Math.round(row.t), value(row)]));
      return { name, colour: set, values: xs.map((second) => tidy(values.get(second))) };
    });
  const rowsOf = ({ series }: StoredRun) => series.rows;
  const partsOf = ({ series }: StoredRun) => bySecond(series.parts ?? []);
  const cpuOf = (kind: "replica" | "computer"): Line[] => lines(partsOf, (row) => mostUsed(row, kind, percentOf));
  const chart = over(xs);
  return drawable([
    latencyByUsers(runs),
    ...OF_SECONDS.map(([id, unit, of, ...limits]) => chart(id, unit, lines(rowsOf, of), ...limits)),
    chart("replica-cpu", "%", cpuOf("replica"), WHOLE),
    chart("computer-cpu", "%", cpuOf("computer"), WHOLE),
  ]);
}

/** Latency over users instead of time: ramps of different speed fit over each other. */
function latencyByUsers(runs: readonly NamedRun[]): Chart {
  const most = Math.max(1, ...runs.flatMap(({ run }) => run.series.rows.map(({ users }) => users)));
  const step = Math.max(1, Math.ceil(most / USER_STEPS));
  const xs = Array.from({ length: Math.ceil(most / step) }, (_, at) => (at + 1) * step);
  const lines = runs.map(({ name, set, run }): Line => {
    const bySteps = Map.groupBy(run.series.rows, ({ users }) => Math.ceil(users / step) * step);
    const p95At = (users: number): number[] => (bySteps.get(users) ?? []).flatMap(({ latency }) => latency?.p95 ?? []);
    const values = xs.map(p95At).map((known) => (known.length === 0 ? null : tidy(median(known))));
    return { name, colour: set, values };
  });
  return {
    id: "p95-by-users",
    title: "P95 over users",
    about: `Median P95 of all seconds with that many users, in steps of ${step}; logarithmic.`,
    x: { label: "Users", unit: "users" },
    y: axis("ms"),
    xs,
    lines,
    limits: [P95],
  };
}

/** A line for each part, in the order of their kinds. */
function partLines(rows: readonly ResourceRow[], of: (part: ResourceUse) => number | undefined): Line[] {
  const place = (name: string): number => [...RESOURCE_KINDS, "other"].indexOf(kindOf(name));
  const names = new Set(rows.flatMap(({ parts }) => parts.map(({ name }) => name)));
  return [...names]
    .sort((one, other) => place(one) - place(other) || one.localeCompare(other))
    .map((name) => {
      const uses = rows.map(({ parts }) => parts.find((part) => part.name === name));
      const drawn = line(name, uses, (part) => part && of(part));
      return withoutShortGaps(rows, drawn);
    });
}

/** A value holds until the next: a busy machine may answer late, and runs may have values that Prometheus scraped every ten seconds. */
const HOLDS_S = 12;

function withoutShortGaps(rows: readonly ResourceRow[], { name, values }: Line): Line {
  let [known, since]: [number | null, number] = [null, Number.NEGATIVE_INFINITY];
  const filled = values.map((value, index) => {
    const t = rows[index]?.t ?? 0;
    if (value !== null) [known, since] = [value, t];
    return t - since <= HOLDS_S ? known : null;
  });
  return { name, values: filled };
}

function line<Row>(name: string, rows: readonly Row[], of: (row: Row) => number | undefined): Line {
  return { name, values: rows.map((row) => tidy(of(row))) };
}

function percentOf({ cpuShare }: ResourceUse): number | undefined {
  return cpuShare && cpuShare * 100;
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
