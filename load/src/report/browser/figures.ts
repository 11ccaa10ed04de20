import type { Chart } from "../chart.ts";

/** A value as axes, legends and tables show it. */
export function shown(value: number | null | undefined, unit: Chart["y"]["unit"]): string {
  if (value === null || value === undefined) return "–";
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const number = value.toLocaleString("en", { maximumFractionDigits: digits });
  if (unit === "") return number;
  return unit === "/s" ? `${number}/s` : `${number} ${unit}`;
}

/** "35 s" or "600 users". */
export function place(chart: Chart, index: number): string {
  return `${(chart.xs[index] ?? 0).toLocaleString("en")} ${chart.x.unit}`;
}

/** All of one moment, for a screen reader. */
export function spoken(chart: Chart, index: number): string {
  const values = chart.lines.map(({ name, values: each }) => `${name} ${shown(each[index], chart.y.unit)}`);
  return `${place(chart, index)}: ${values.join(", ")}`;
}
