/** One temperature of one city, as the page works with it. */
export interface Reading {
  /** Unix time in milliseconds, whatever unit it was stored in. */
  readonly time: number;
  /** Degrees Celsius. */
  readonly temperature: number;
  readonly summary: string | null;
}

export interface City {
  /** The id as the API wrote it. A string, because an int64 may not fit into a JavaScript number. */
  readonly key: string;
  readonly name: string;
  /** By time, oldest first. */
  readonly readings: readonly Reading[];
  /** How many values are left out of the readings, because their dates are invalid or far from today. */
  readonly leftOut: number;
}

/** The link to a city's view. */
export function cityHash(key: string): string {
  return `#city-${key}`;
}
