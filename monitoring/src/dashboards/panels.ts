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

/** What a value of a state means. */
export interface State {
  readonly text: string;
  readonly mood: "good" | "bad" | "neutral";
}

/** Units of values as they are in the metrics; Grafana chooses the prefix. */
export type Unit = "count" | "share" | "seconds" | "bytes" | "bytes/s" | "requests/s" | "1/s" | "age" | "switch";

export interface Panel {
  /** It uses the words of the metric's own description: `verify/meaning.ts` compares them. */
  readonly title: string;
  /** For a reader who sees the panel for the first time: what is normal, and what it means when it is not. */
  readonly description: string;
  /** `lines` over time; `number`: the newest values, large; `states` over time, as coloured bars. */
  readonly look: "lines" | "number" | "states";
  /** Every metric that the queries read, and no other. */
  readonly measures: readonly string[];
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
  /** Upper end of the scale, where there is one. */
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

/** A dashboard as its file has it. */
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

/** A panel as a dashboard's file has it, without its title and description. */
type PanelSource = Omit<Panel, "title" | "description" | "look" | "measures" | "queries" | "width"> & {
  readonly shows: Reading;
  readonly width?: number;
};

type PanelMaker<Source> = (title: string, description: string, source: Source) => Panel;

const panelOf =
  (look: Panel["look"], width: number): PanelMaker<PanelSource> =>
  (title, description, { shows, ...source }) => ({
    ...{ title, description, look, width, ...source },
    measures: shows.measures,
    queries: Object.entries(shows.queries).map(([legend, expr]) => ({ expr, legend })),
  });

/** Values over time. Two in a row. */
export const lines = panelOf("lines", 12);

/** The newest values, at a glance. Six in a row, or four. */
export const number = panelOf("number", 4);
export const wideNumber = panelOf("number", 6);

/** States over time. Two in a row. */
export const states: PanelMaker<{ shows: Reading; states: readonly State[]; width?: number }> = (
  ...[title, text, source]
) => panelOf("states", 12)(title, text, { unit: "switch", ...source });

const stateOf =
  (mood: State["mood"]) =>
  (text: string): State => ({ text, mood });
export const good = stateOf("good");
export const bad = stateOf("bad");
export const neutral = stateOf("neutral");

export const DOWN_OR_UP: readonly State[] = [bad("down"), good("up")];

/** The machines that have series of this selector. The same variable everywhere, so that a choice goes along from dashboard to dashboard. */
export const machineOf = (of: string): Variable => ({ name: "machine", title: "Machine", label: "machine", of });

/** Drawn across the graphs of every dashboard. */
export const ALERTS_ON_GRAPHS = {
  title: "Alerts",
  expr: 'ALERTS{alertstate="firing", severity=~"critical|warning"}',
} as const;

/** When a chaos experiment injected a fault; the value is that time, ms. */
export const FAULTS_ON_GRAPHS = {
  title: "Faults of chaos experiments",
  expr: "1000 * goldenring_fault_begun_timestamp_seconds",
} as const;
