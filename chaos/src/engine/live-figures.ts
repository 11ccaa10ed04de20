import type { AbortWhen } from "../experiment/experiment.ts";
import type { LiveMetric } from "../experiment/metrics.ts";
import type { Entry } from "../history/entries.ts";
import type { RoleSample } from "../roles/samples.ts";
import { judgeRoles } from "../roles/verdict.ts";

/** What the clients have seen so far in a round. Times are ms of the shared clock. */
export class LiveFigures {
  #failedReads = 0;
  #failedWrites = 0;
  #answeredReads = 0;
  #acknowledgedWrites = 0;
  #lastRead: number;
  #lastWrite: number;
  readonly #samples: RoleSample[] = [];
  readonly #writes: boolean;

  /** @param writes whether clients write: else no write is ever missed */
  constructor(from: number, { writes }: { readonly writes: boolean }) {
    this.#lastRead = from;
    this.#lastWrite = from;
    this.#writes = writes;
  }

  takeEntry(entry: Entry): void {
    if (entry.e === "read" && entry.outcome === "ok") {
      this.#answeredReads += 1;
      this.#lastRead = Math.max(this.#lastRead, entry.end);
    } else if (entry.e === "read") this.#failedReads += 1;
    else if (entry.e === "end" && entry.outcome === "ok") {
      this.#acknowledgedWrites += 1;
      this.#lastWrite = Math.max(this.#lastWrite, entry.at);
    } else if (entry.e === "end") this.#failedWrites += 1;
  }

  takeSample(sample: RoleSample): void {
    this.#samples.push(sample);
  }

  get(metric: LiveMetric, now: number): number {
    const figures: Readonly<Record<LiveMetric, () => number>> = {
      failedReads: () => this.#failedReads,
      failedWrites: () => this.#failedWrites,
      readSilence: () => now - this.#lastRead,
      writeSilence: () => (this.#writes ? now - this.#lastWrite : 0),
      twoPrimaries: () => judgeRoles(this.#samples).twoPrimaries.length,
    };
    return figures[metric]();
  }

  /** Whether clients have been answered at all. */
  get isServed(): boolean {
    return this.#answeredReads > 0 && (this.#acknowledgedWrites > 0 || !this.#writes);
  }

  get failed(): number {
    return this.#failedReads + this.#failedWrites;
  }

  /** The first condition that is true, with its figure; undefined: none is. */
  reasonToAbort(conditions: readonly AbortWhen[], now: number): string | undefined {
    for (const { metric, above, words } of conditions) {
      const figure = this.get(metric, now);
      if (figure > above) return `${words} (${metric} is ${Math.round(figure)}, above ${above})`;
    }
    return undefined;
  }
}
