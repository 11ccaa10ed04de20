import { appendFileSync } from "node:fs";

/** One decision or finding of the guardian, as it stands in its log (one JSON object per line). */
export interface Entry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly machine?: string;
  readonly event: string;
  readonly detail?: string;
}

export type Note = (entry: Omit<Entry, "time">) => void;

/** The newest entries that a report shows. */
const SHOWN = 20;

/** Writes to a file and remembers the newest entries. */
export class Journal {
  readonly #file: string;
  readonly #onEntry: (entry: Entry) => void;
  #newest: readonly Entry[] = [];

  constructor(file: string, onEntry: (entry: Entry) => void) {
    this.#file = file;
    this.#onEntry = onEntry;
  }

  readonly note: Note = (found) => {
    const entry = { time: new Date().toISOString(), ...found };
    this.#newest = [...this.#newest, entry].slice(-SHOWN);
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    this.#onEntry(entry);
  };

  get newest(): readonly Entry[] {
    return this.#newest;
  }
}
