/** The vocabulary that dashboards are written in. `draw.ts` makes Grafana's JSON of it, the room's `verify/` asks its queries. */

export interface Query {
  /** PromQL with Grafana's `$__rate_interval` and the dashboard's variables. */
  readonly expr: string;
  /** What a line is called; `{{label}}` stands for the label's value. */
  readonly legend: string;
}

/** A value from which on something is wrong, as a line and a colour: that of the alert rule, where there is one. */
export interface Limit {
  readonly from: number;
  readonly severity: "warning" | "critical";
}

/** What a value of a state means. */
export interface State {
  readonly value: number;
  readonly text: string;
  readonly mood: "good" | "bad" | "neutral";
}

/** Units of values as they are in the metrics; Grafana chooses the prefix. */
export type Unit = "count" | "share" | "seconds" | "bytes" | "bytes/s" | "requests/s" | "1/s" | "age" | "switch";

export interface Panel {
  /** The same word for the same thing as the metric's own description: `verify/meaning.ts` compares. */
  readonly title: string;
  /** One sentence for who sees the panel for the first time: what is normal, and what it means when it is not. */
  readonly description: string;
  /** `lines` over time; `number`: the newest values, large; `states` over time, as coloured bars. */
  readonly look: "lines" | "number" | "states";
  /** Every metric that the queries read, and no other: a query that reads something else is a mistake. */
  readonly measures: readonly string[];
  readonly queries: readonly Query[];
  readonly unit: Unit;
  readonly limits?: readonly Limit[];
  /** What must not shrink (members left): the limits are those below which something is wrong. */
  readonly limitsAreLower?: boolean;
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

export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Something that a person chooses at the top of a dashboard: one, several or all values of a label. */
export interface Variable {
  readonly name: string;
  readonly title: string;
  /** The label whose values can be chosen, and the selector of the series that have them. */
  readonly label: string;
  readonly of: string;
}

export interface Dashboard {
  /** Of its file and its address in Grafana. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
}

/** A panel as a dashboard's file has it. */
type PanelSource = Omit<Panel, "look" | "width" | "queries"> & {
  readonly width?: number;
  /** Expressions by their legends. */
  readonly queries: Readonly<Record<string, string>>;
};

const panelOf = (look: Panel["look"], width: number, { queries, ...panel }: PanelSource): Panel => ({
  width,
  ...panel,
  queries: Object.entries(queries).map(([legend, expr]) => ({ expr, legend })),
  look,
});

/** Values over time. Two in a row. */
export const lines = (panel: PanelSource): Panel => panelOf("lines", 12, panel);

/** The newest values, at a glance. Six in a row. */
export const number = (panel: PanelSource): Panel => panelOf("number", 4, panel);

/** States over time. */
export const states = (panel: PanelSource & { readonly states: readonly State[] }): Panel =>
  panelOf("states", 12, panel);

/** States of whatever is 1 when all is well and 0 when not. */
export const UP_OR_DOWN: readonly State[] = [
  { value: 0, text: "down", mood: "bad" },
  { value: 1, text: "up", mood: "good" },
];

/** States of what should not be. */
export const NO_OR_YES_IS_BAD: readonly State[] = [
  { value: 0, text: "no", mood: "good" },
  { value: 1, text: "yes", mood: "bad" },
];

/** Both limits of something that must not grow. */
export const atMost = (warning: number, critical: number): readonly Limit[] => [
  { from: warning, severity: "warning" },
  { from: critical, severity: "critical" },
];
