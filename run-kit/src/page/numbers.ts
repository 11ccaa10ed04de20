export type Unit = "" | "ms" | "ns" | "/s" | "/CPU s" | "%" | "MiB" | "users";

/** From here on times are in minutes and seconds. */
const MINUTES_FROM_MS = 120_000;

/** How figures are written for people: three digits say enough, and thousands are grouped. "–": there is no figure. */
export function shown(value: number | null | undefined): string {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** A figure with its unit. A share of 1 is 100 %. */
export function withUnit(value: number | undefined, unit: Unit): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (unit === "%") return `${shown(value * 100)} %`;
  if (unit === "" || unit === "users") return shown(value);
  return unit.startsWith("/") ? `${shown(value)}${unit}` : `${shown(value)} ${unit}`;
}

/** "605/s (603 to 610)": the median, and the range where there is one. */
export function spreadText(values: readonly number[], unit: Unit): string {
  if (values.length === 0) return "–";
  const { median, min, max } = spreadOf(values);
  const factor = unit === "%" ? 100 : 1;
  return `${withUnit(median, unit)}${min === max ? "" : ` (${shown(min * factor)} to ${shown(max * factor)})`}`;
}

/** A figure that is a time in ms or a count: "640 ms", "1.67 s", "3 min", "12". */
export function timeOrCount(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || unit !== "ms") return shown(value);
  const ms = Math.abs(value);
  if (ms >= MINUTES_FROM_MS) return `${value < 0 ? "-" : ""}${duration(ms / 1_000)}`;
  return ms < 1_000 ? `${shown(value)} ms` : `${shown(value / 1_000)} s`;
}

/** "1 round", "5 rounds". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${shown(count)} ${count === 1 ? one : many}`;
}

/** "2026-11-23 16:51:07 UTC". */
export function moment(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "12 min 5 s", "12 min". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const rest = minutes > 0 && whole % 60 === 0 ? [] : [`${whole % 60} s`];
  return [...(minutes === 0 ? [] : [`${minutes} min`]), ...rest].join(" ");
}

/** From start to end, both ISO 8601. */
export function secondsBetween(start: string, end: string): number {
  return Math.max(0, Date.parse(end) - Date.parse(start)) / 1_000;
}

/** NaN of no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Median and range: with the three to ten repetitions that runs have, quartiles would be guesses. */
export function spreadOf(values: readonly number[]) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Whole numbers as ranges of which both ends belong to them: neighbours become one range, and what comes twice counts once. */
export function rangesOf(numbers: Iterable<number>): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const number of [...numbers].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
