import { itemAt } from "./clients.ts";

/** A row that the service has acknowledged. */
export interface KnownValue {
  readonly id: number;
  readonly dateTime: number;
}

/** A list is asked for from the oldest of so many acknowledged values of its city on: some tens of kilobytes at most. */
const LISTED = 100;

/** What the clients of a run know together: where to write, and what must be there to read. */
export class Knowledge {
  readonly #recent = new Map<number, KnownValue[]>();
  /** The value acknowledged last, by whichever client: a read that misses it is the first sign of a stale one. */
  newest: KnownValue | undefined;

  constructor(
    readonly cities: readonly number[],
    /** Ids of the rows that are changed by PUT. */
    readonly registers: readonly number[],
  ) {}

  added(cityId: number, value: KnownValue): void {
    const ofCity = this.#recent.get(cityId) ?? [];
    ofCity.push(value);
    if (ofCity.length > LISTED) ofCity.shift();
    this.#recent.set(cityId, ofCity);
    this.newest = value;
  }

  /** One of the recent values. */
  recent(number: number): KnownValue | undefined {
    const ofCity = this.#recent.get(itemAt(this.cities, number));
    return ofCity && ofCity.length > 0 ? itemAt(ofCity, Math.floor(number / this.cities.length)) : undefined;
  }

  /** `dateTime` from which on a list of the city is asked for. */
  listFrom(cityId: number): number {
    return this.#recent.get(cityId)?.[0]?.dateTime ?? Date.now();
  }
}
