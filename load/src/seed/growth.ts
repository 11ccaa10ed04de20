import { CITY_MARK } from "../../k6/plan.ts";

/** How much data a service holds. */
export interface DataSize {
  readonly cities: number;
  readonly values: number;
}

export const DATA_SIZES = {
  /** At the start of the tests of 2023. */
  base: { cities: 9, values: 720 },
  /** After scenario 4 of 2023. */
  full: { cities: 189, values: 120_896 },
} as const satisfies Readonly<Record<string, DataSize>>;

export type DataSizeName = keyof typeof DATA_SIZES;
export const DATA_SIZE_NAMES = ["base", "full"] as const satisfies readonly DataSizeName[];

/** From so many values on a run is one on the full data. */
const FULL_FROM_VALUES = 100_000;

/** What a scenario starts with. */
export function dataSize({ values }: { readonly values: number }): DataSizeName {
  return values >= FULL_FROM_VALUES ? "full" : "base";
}

const GOLDEN_RING =
  "Сергиев Посад, Переславль-Залесский, Ростов Великий, Углич, Ярославль, Кострома, Иваново, Суздаль, Владимир".split(
    ", ",
  );

export interface CityWithCount {
  readonly name: string;
  readonly values: number;
}

type Growth = ReturnType<typeof growthTo>;

/**
 * What must be added so that a service holds a data set: names of cities, and how many values each gets, those that are there first. Existing data
 * stay and count. Cities with few values get more of the new ones.
 */
export function growthTo(size: DataSize, present: readonly CityWithCount[]) {
  const taken = present.map(({ name }) => name);
  const cities = newNames(Math.max(0, size.cities - present.length), taken);
  const counts = [...present.map(({ values }) => values), ...cities.map(() => 0)];
  return { cities, values: levelled(counts, Math.max(0, size.values - sumOf(counts))) };
}

export function isNothing({ cities, values }: Growth): boolean {
  return cities.length === 0 && values.every((count) => count === 0);
}

export function growthText({ cities, values }: Growth): string {
  return `adding ${cities.length} cities and ${sumOf(values)} values`;
}

function newNames(count: number, taken: readonly string[]): string[] {
  const isTaken = new Set(taken);
  const names = GOLDEN_RING.filter((name) => !isTaken.has(name)).slice(0, count);
  for (let number = 1; names.length < count; number += 1) {
    const name = `${CITY_MARK}${String(number).padStart(3, "0")}`;
    if (!isTaken.has(name)) names.push(name);
  }
  return names;
}

/** As water fills vessels: additions that bring the smallest counts to one level. They add up to `amount`. */
export function levelled(counts: readonly number[], amount: number): number[] {
  const upTo = (level: number): number[] => counts.map((count) => Math.max(0, level - count));
  let [low, high] = [Math.min(...counts), Math.max(...counts) + amount];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sumOf(upTo(middle)) <= amount) low = middle;
    else high = middle - 1;
  }
  const additions = upTo(low);
  let left = amount - sumOf(additions);
  return additions.map((addition, index) => {
    if (left === 0 || (counts[index] ?? 0) > low) return addition;
    left -= 1;
    return addition + 1;
  });
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Between two values of a city, which go back from the time of seeding. */
export const VALUE_STEP_MS = 3 * 3_600_000;
