/** What the script of a page draws: pages hold it as JSON. Nothing here knows what is measured. */

export type ChartUnit = "" | "ms" | "/s" | "%" | "MiB";

interface Drawing {
  /** Made of letters, digits and hyphens: it becomes the id of an element. */
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly x: Axis;
}

export interface Axis {
  readonly label: string;
  readonly unit: "s" | "users" | "replicas" | "cores" | "MiB";
  /** How far it reaches; where not given, as far as the data. */
  readonly from?: number;
  readonly to?: number;
}

/** Curves. Missing values are null: the curve is broken there. */
export interface Chart extends Drawing {
  readonly y: { readonly unit: ChartUnit; readonly scale: "linear" | "logarithmic" };
  readonly xs: readonly number[];
  readonly lines: readonly Line[];
  /** Horizontal lines, such as an objective. */
  readonly limits: readonly { readonly name: string; readonly value: number }[];
  /** Shaded parts of the x axis behind the curves, such as the time of a fault. */
  readonly bands?: readonly Band[];
}

export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Which of the style sheet's colours, from 0; without one, its place among the lines. */
  readonly colour?: number;
}

export interface Band {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** States and events with their start and end, in lanes under each other. */
export interface Timeline extends Drawing {
  readonly x: Required<Axis>;
  readonly lanes: readonly Lane[];
  readonly bands?: readonly Band[];
}

export interface Lane {
  readonly name: string;
  /** In the order of their beginnings, none within another. */
  readonly spans: readonly Span[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly tone: Tone;
}

/** steady: as it should be; ready: standing by; degraded: impaired; bad: a fault or an alert; unknown: no answer. */
export const TONES = ["steady", "ready", "degraded", "bad", "unknown"] as const;
export type Tone = (typeof TONES)[number];

export type Figure = Chart | Timeline;

export function isTimeline(figure: Figure): figure is Timeline {
  return "lanes" in figure;
}

/** Charts without the lines that have no values; a chart without any line is left out. */
export function drawable(charts: readonly Chart[]): Chart[] {
  return charts
    .map((chart) => ({ ...chart, lines: chart.lines.filter(({ values }) => values.some((value) => value !== null)) }))
    .filter(({ lines }) => lines.length > 0);
}

/** Four digits are more than a chart shows, and keep the file small. */
export function tidy(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value.toPrecision(4));
}
