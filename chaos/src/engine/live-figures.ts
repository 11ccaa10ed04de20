import type { AbortWhen } from "../experiment/experiment.ts";
import type { LiveMetric } from "../experiment/metrics.ts";
import type { Entry } from "../history/entries.ts";
import type { RoleSample } from "../roles/samples.ts";
import { judgeRoles } from "../roles/verdict.ts";

/** Of requests of one kind. */
interface Tally {
  ok: number;
  failed: number;
  /** When the last one ended well. */
  lastOk: number;
}

/** What the clients have seen so far in a round. Times are ms of the shared clock. */
export class LiveFigures {
  readonly #reads: Tally;
  readonly #writes: Tally;
  readonly #samples: RoleSample[] = [];
  readonly #isWriting: boolean;

  /** @param writes whether clients write: else no write is ever missed */
  constructor(from: number, { writes }: { readonly writes: boolean }) {
    this.#reads = { ok: 0, failed: 0, lastOk: from };
    this.#writes = { ok: 0, failed: 0, lastOk: from };
    this.#isWriting = writes;
  }

  takeEntry(entry: Entry): void {
    if (entry.e === "read") take(this.#reads, entry.outcome, entry.end);
    else if (entry.e === "end") take(this.#writes, entry.outcome, entry.at);
  }

  takeSample(sample: RoleSample): void {
    this.#samples.push(sample);
  }

  get(metric: LiveMetric, now: number): number {
    const figures: Readonly<Record<LiveMetric, () => number>> = {
      failedReads: () => this.#reads.failed,
      failedWrites: () => this.#writes.failed,
      readSilence: () => now - this.#reads.lastOk,
      writeSilence: () => (this.#isWriting ? now - this.#writes.lastOk : 0),
      twoPrimaries: () => judgeRoles(this.#samples).twoPrimaries.length,
    };
    return figures[metric]();
  }

  /** Whether clients have been answered at all. */
  get isServed(): boolean {
    return this.#reads.ok > 0 && (this.#writes.ok > 0 || !this.#isWriting);
  }

  /** The first condition that is true, with its figure; undefined: none is. */
  reasonToAbort(conditions: readonly AbortWhen[], now: number): string | undefined {
    const found = conditions.find(({ metric, above }) => this.get(metric, now) > above);
    return (
      found && `${found.words} (${found.metric} is ${Math.round(this.get(found.metric, now))}, above ${found.above})`
    );
  }
}

function take(count: Tally, outcome: "ok" | "failed" | "unknown", at: number): void {
  count[outcome === "ok" ? "ok" : "failed"] += 1;
  if (outcome === "ok") count.lastOk = Math.max(count.lastOk, at);
}
