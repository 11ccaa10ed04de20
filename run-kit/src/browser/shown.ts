import type { Chart, ChartUnit, Timeline } from "../page/chart.ts";

/** A value as axes, legends and tables show it. */
export function shown(value: number | null | undefined, unit: ChartUnit): string {
  if (value === null || value === undefined) return "–";
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const number = value.toLocaleString("en", { maximumFractionDigits: digits });
  if (unit === "") return number;
  return unit === "/s" ? `${number}/s` : `${number} ${unit}`;
}

/** "35 s" or "600 users". */
export function place({ x }: Pick<Chart, "x">, value: number): string {
  return `${value.toLocaleString("en", { maximumFractionDigits: 2 })} ${x.unit}`;
}

/** All of one moment, for a screen reader. */
export function spoken(chart: Chart, index: number): string {
  const at = chart.xs[index] ?? 0;
  const values = chart.lines.map(({ name, values: each }) => `${name} ${shown(each[index], chart.y.unit)}`);
  const bands = (chart.bands ?? []).filter(({ from, to }) => from <= at && at < to).map(({ name }) => name);
  return `${place(chart, at)}: ${[...bands, ...values].join(", ")}`;
}

/** What each lane shows at a moment; undefined where it shows nothing. */
export function statesAt({ lanes }: Timeline, at: number) {
  return lanes.map(({ name, spans }) => ({
    name,
    state: spans.findLast(({ from, to }) => from <= at && at < to)?.name,
  }));
}

export function spokenStates(timeline: Timeline, at: number): string {
  const states = statesAt(timeline, at).flatMap(({ name, state }) =>
    state === undefined ? [] : [`${name}: ${state}`],
  );
  return `${place(timeline, at)}: ${states.length === 0 ? "nothing" : states.join(", ")}`;
}
