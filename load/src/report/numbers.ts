import { shown, spreadOf } from "@goldenring/run-kit";

export type Unit = "ms" | "/s" | "%" | "MiB" | "users" | "" | "/CPU s" | "ns";

/** A figure with its unit. Shares are given as such, 1 being 100 %. */
export function withUnit(value: number | undefined, unit: Unit): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (unit === "%") return `${shown(value * 100)} %`;
  if (unit === "" || unit === "users") return shown(value);
  return unit.startsWith("/") ? `${shown(value)}${unit}` : `${shown(value)} ${unit}`;
}

/** "605/s (603 to 610)": median, and least and most where they differ. */
export function spreadInWords(values: readonly number[], unit: Unit): string {
  if (values.length === 0) return "–";
  const { median, min, max } = spreadOf(values);
  const factor = unit === "%" ? 100 : 1;
  const range = min === max ? "" : ` (${shown(min * factor)} to ${shown(max * factor)})`;
  return `${withUnit(median, unit)}${range}`;
}
