import { spreadOf } from "../statistics/median.ts";

/** How figures are written in pages and results: three digits say enough, and thousands are grouped. */
export function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

export type Unit = "ms" | "/s" | "%" | "MiB" | "users" | "" | "/CPU s";

/** A figure with its unit. Shares are given as such, 1 being 100 %. */
export function withUnit(value: number | undefined, unit: Unit): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (unit === "%") return `${shown(value * 100)} %`;
  if (unit === "" || unit === "users") return shown(value);
  return unit.startsWith("/") ? `${shown(value)}${unit}` : `${shown(value)} ${unit}`;
}

/** "2026-11-23 16:51:07 UTC". */
export function moment(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "605/s (603 to 610)": median, and least and most where they differ. */
export function spreadInWords(values: readonly number[], unit: Unit): string {
  if (values.length === 0) return "–";
  const { median, least, most } = spreadOf(values);
  const factor = unit === "%" ? 100 : 1;
  const range = least === most ? "" : ` (${shown(least * factor)} to ${shown(most * factor)})`;
  return `${withUnit(median, unit)}${range}`;
}

/** "12 min 5 s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const rest = minutes > 0 && whole % 60 === 0 ? [] : [`${whole % 60} s`];
  return [...(minutes === 0 ? [] : [`${minutes} min`]), ...rest].join(" ");
}
