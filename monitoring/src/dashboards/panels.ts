/** The vocabulary that dashboards are written in. `draw.ts` makes Grafana's JSON of it, `../verify/` runs its queries. */
import type { Reading } from "./promql.ts";

export interface Query {
  /** PromQL with Grafana's `$__rate_interval` and the dashboard's variables. */
  readonly expr: string;
  /** What a line is called; `{{label}}` stands for the label's value. */
  readonly legend: string;
}

/** Values from which on something is wrong, as lines and colours: those of the alert rule, where there is one. */
export interface Limits {
  readonly warning?: number;
  readonly critical?: number;
}

export interface State {
  readonly text: string;
  readonly mood: "good" | "bad" | "neutral";
}

/** Units of values as they are in the metrics, with Grafana's names; Grafana chooses the prefix. */
export const UNITS = {
  count: "short",
  share: "percentunit",
  seconds: "s",
  bytes: "bytes",
  "bytes/s": "binBps",
  "requests/s": "reqps",
  "1/s": "cps",
  age: "dtdurations",
  switch: "none",
} as const;
type Unit = keyof typeof UNITS;

export interface Panel {
  /** It uses the words of the metric's own description: `verify/meaning.ts` compares them. */
  readonly title: string;
  /** For a reader who sees the panel for the first time: what is normal, and what it means when it is not. */
  readonly description: string;
  /** `lines` over time; `number`: the newest values, large; `states` over time, as coloured bars. */
  readonly look: "lines" | "number" | "states";
  readonly queries: readonly Query[];
  readonly unit: Unit;
  /** Of what must not grow. */
  readonly limits?: Limits;
  /** Of what must not shrink (members left): below them something is wrong. */
  readonly minimums?: Limits;
  /** The meanings of the values 0, 1, 2 ... */
  readonly states?: readonly State[];
  /** Lines are put on top of each other: their sum is what matters. */
  readonly isStacked?: boolean;
  /** The scale begins at 0 unless values below are worth seeing. */
  readonly mayBeNegative?: boolean;
  readonly max?: number;
  readonly decimals?: number;
  /** Of 24 columns. */
  readonly width: number;
}

/** Something that a person chooses at the top of a dashboard: one, several or all values of a label. */
export interface Variable {
  readonly name: string;
  readonly title: string;
  /** The label whose values can be chosen, and the selector of the series that have them. */
  readonly label: string;
  readonly of: string;
}

export interface DashboardSource {
  readonly description: string;
  readonly variables: readonly Variable[];
  /** Panels by the titles of their sections. */
  readonly sections: Readonly<Record<string, readonly Panel[]>>;
}

export interface Dashboard extends DashboardSource {
  /** Of its file and its address in Grafana. */
  readonly name: string;
  readonly title: string;
}

const stateOf =
  (mood: State["mood"]) =>
  (text: string): State => ({ text, mood });
export const good = stateOf("good");
export const bad = stateOf("bad");
export const neutral = stateOf("neutral");

/** What a panel shows and how: its readings by their unit, as in `{ bytes: SERVER.values("pg_wal_size_bytes") }`. */
type PanelSource = Partial<Omit<Panel, "title" | "description" | "look" | "queries" | "unit">> &
  { readonly [Its in Unit]: Readonly<Record<Its, Reading>> }[Unit];

const panelOf =
  (look: Panel["look"], width: number, usual: Partial<Panel> = {}) =>
  (title: string, description: string, source: PanelSource): Panel => {
    const readings: Partial<Record<Unit, Reading>> = source;
    const unit = (Object.keys(UNITS) as Unit[]).find((each) => readings[each] !== undefined) ?? "count";
    const queries = Object.entries(readings[unit] ?? {}).map(([legend, expr]) => ({ legend, expr }));
    return { title, description, look, width, unit, queries, ...usual, ...source };
  };

/** Values over time. Two in a row. */
export const lines = panelOf("lines", 12);

/** The newest values, at a glance. Six in a row, or four. */
export const number = panelOf("number", 4);
export const wideNumber = panelOf("number", 6);

/** States over time, "down" and "up" unless it says others. Two in a row. */
export const states = panelOf("states", 12, { states: [bad("down"), good("up")] });

/** The machines that have series of this selector. The same variable everywhere, so that a choice goes along from dashboard to dashboard. */
export const machineOf = (of: string): Variable => ({ name: "machine", title: "Machine", label: "machine", of });

/** Drawn across the graphs of every dashboard. */
export const ANNOTATIONS = [
  {
    title: "Alerts",
    expr: 'ALERTS{alertstate="firing", severity=~"critical|warning"}',
    ...{ color: "red", heading: "{{alertname}}", text: "{{machine}}", isAtValue: false },
  },
  // At the time in the value (ms), not of the scrape: many faults are shorter than the time between two scrapes.
  {
    title: "Faults of chaos experiments",
    expr: "1000 * goldenring_fault_begun_timestamp_seconds",
    ...{ color: "purple", heading: "{{experiment}}: {{fault}}", text: "{{target}}", isAtValue: true },
  },
] as const;
