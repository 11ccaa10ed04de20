import { VALUE_MARK } from "../../k6/plan.ts";

/** Summaries of stored values; each begins with the mark by which they are known. */
export const SUMMARIES = ["Freezing", "Frosty", "Chilly", "Cool", "Mild", "Warm", "Hot"].map(
  (word) => VALUE_MARK + word,
);

/** Between two values of a city, ms. */
export const VALUE_STEP_MS = 3 * 3_600_000;
export const COLDEST = -30;
export const WARMEST = 35;

export interface NewValue {
  readonly dateTime: number;
  readonly temperature: number;
  readonly summary: string;
}

/** The n-th value of a city, going back from `now` (Unix time, ms). */
export function newValue(now: number, n: number): NewValue {
  const temperature = COLDEST + Math.floor(Math.random() * (WARMEST - COLDEST + 1));
  const word = Math.floor(((temperature - COLDEST) / (WARMEST - COLDEST + 1)) * SUMMARIES.length);
  return { dateTime: now - n * VALUE_STEP_MS, temperature, summary: SUMMARIES[word] ?? `${VALUE_MARK}Mild` };
}
