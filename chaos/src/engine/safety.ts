import { waitUntil } from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import type { AbortWhen } from "../experiment/experiment.ts";
import type { LiveMetric } from "../experiment/metrics.ts";
import { Entry } from "../history/entries.ts";
import { Tail } from "../history/lines.ts";
import { judgeRoles, type RoleSample, RolesEntry } from "../roles/verdict.ts";
import type { RoundRecord } from "../run/record.ts";
import type { RunContext } from "./run-context.ts";
import { NotSteady } from "./until-steady.ts";

const CHECK_EVERY_MS = 500;
/** By then the clients must have had an answer. */
const SERVED_DEADLINE_MS = 20_000;

/** The abort condition of the experiment came true, or could not be checked. */
export class Aborted extends Error {
  override readonly name = "Aborted";
}

/**
 * Checks what the clients see during a round. `from` is its beginning on the shared clock, ms; `unsafe` is aborted by the abort condition.
 * @returns its `signal` aborts when the experiment must end; the reason says why
 */
export function watchSafety(
  { experiment, signal: interrupted }: Pick<RunContext, "experiment" | "signal">,
  files: RoundRecord["files"],
  from: number,
  unsafe: AbortController,
) {
  const writes = experiment.service === undefined || experiment.service.writes.length > 0;
  const live = new LiveFigures(from, { writes });
  const histories = [files.history, files.background ?? []].flat().map((file) => new Tail(file, Entry));
  const roles = [files.roles ?? []].flat().map((file) => new Tail(file, RolesEntry));
  const check = (): LiveFigures => {
    for (const entry of histories.flatMap((tail) => tail.read())) live.takeEntry(entry);
    for (const entry of roles.flatMap((tail) => tail.read())) if (entry.e === "sample") live.takeSample(entry);
    return live;
  };
  const timer = setInterval(() => {
    const reason = check().reasonToAbort(experiment.abortWhen, monotonicMs());
    if (reason !== undefined) unsafe.abort(new Aborted(reason));
  }, CHECK_EVERY_MS);
  const signal = AbortSignal.any([interrupted, unsafe.signal]);
  return {
    signal,
    check,
    /** @throws {NotSteady} */
    async untilServed(): Promise<void> {
      const options = { deadlineMs: SERVED_DEADLINE_MS, signal };
      if (await waitUntil(() => check().isServed, options)) return;
      throw new NotSteady(`The service has not answered within ${SERVED_DEADLINE_MS / 1_000} s.`);
    },
    stop: (): void => {
      clearInterval(timer);
      for (const tail of [...histories, ...roles]) tail.close();
    },
  };
}

interface Tally {
  ok: number;
  failed: number;
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

  get isServed(): boolean {
    return this.#reads.ok > 0 && (this.#writes.ok > 0 || !this.#isWriting);
  }

  get failed(): number {
    return this.#reads.failed + this.#writes.failed;
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

function take(count: Tally, outcome: "ok" | "failed" | "unknown", at: number): void {
  count[outcome === "ok" ? "ok" : "failed"] += 1;
  if (outcome === "ok") count.lastOk = Math.max(count.lastOk, at);
}
