import { setTimeout as delay } from "node:timers/promises";
import { SlowReader } from "../faults/slow-reader.ts";
import type { Kind, Write } from "./kinds.ts";

const LISTS = ["/Cities", "/Forecast", "/WeatherForecast"] as const;
const ENCODINGS = ["identity", "gzip"] as const;
const SLOW_BYTES_PER_SECOND = 50_000;

/** Writes that were answered 200, as the tables must show them. */
export interface Acknowledged {
  readonly cities: Map<number, string>;
  readonly values: Map<number, string | null>;
}

/** How many requests got each answer. */
export type Answers = Map<string, number>;

export class Clients {
  readonly acknowledged: Acknowledged = { cities: new Map(), values: new Map() };
  readonly answers: Answers = new Map();
  #n = 0;

  constructor(
    readonly url: () => string,
    readonly kind: Kind,
  ) {}

  /** Writes until one is refused with 507. Returns whether that happened in time. */
  async fill(writers: number, deadlineMs: number): Promise<boolean> {
    const until = performance.now() + deadlineMs;
    let isFull = false;
    const write = async () => {
      while (!isFull && performance.now() < until) isFull = (await this.#send(this.kind.grow(this.#n++))) === 507;
    };
    await Promise.all(Array.from({ length: writers }, write));
    return isFull;
  }

  /** Reads all lists in all encodings, quickly and slowly, while others write. */
  async use(options: {
    readonly slowReaders: number;
    readonly writers: number;
    readonly durationMs: number;
  }): Promise<void> {
    const until = performance.now() + options.durationMs;
    const slow = Array.from({ length: options.slowReaders }, (_, index) => this.#slowReader(index));
    const renewing = setInterval(() => {
      for (const [index, reader] of slow.entries()) if (reader.ended) slow[index] = this.#slowReader(index);
    }, 500);
    const write = async () => {
      while (performance.now() < until) {
        const status = await this.#send(this.kind.grow(this.#n++));
        if (status !== 200) await delay(20);
      }
    };
    const read = async () => {
      for (let n = 0; performance.now() < until; n += 1) await this.#read(n);
    };
    await Promise.all([read(), read(), ...Array.from({ length: options.writers }, write)]);
    clearInterval(renewing);
    for (const reader of slow) reader.vanish();
  }

  #slowReader(index: number): SlowReader {
    return new SlowReader(this.url() + LISTS[index % 3], ENCODINGS[index % 2] ?? "gzip", SLOW_BYTES_PER_SECOND);
  }

  async #read(n: number): Promise<void> {
    const [list, encoding] = [LISTS[n % 3] ?? "", ENCODINGS[Math.floor(n / 3) % 2] ?? ""];
    try {
      const response = await fetch(this.url() + list, { headers: { "accept-encoding": encoding } });
      for await (const _ of response.body ?? []) {
        // Only taken: this process has not the memory for many of them.
      }
      this.#count(`list ${response.status}`);
    } catch {
      this.#count("list cut off");
      await delay(20);
    }
  }

  async #send({ method, path, body }: Write): Promise<number> {
    try {
      const response = await fetch(this.url() + path, {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as { id?: number; name?: string; summary?: string | null };
      if (response.status === 200 && answer.id !== undefined) {
        if (answer.name === undefined) this.acknowledged.values.set(answer.id, answer.summary ?? null);
        else this.acknowledged.cities.set(answer.id, answer.name);
      }
      this.#count(`${method} ${response.status}`);
      return response.status;
    } catch {
      this.#count(`${method} without an answer`);
      return 0;
    }
  }

  #count(what: string): void {
    this.answers.set(what, (this.answers.get(what) ?? 0) + 1);
  }
}
