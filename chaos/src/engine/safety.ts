import { waitUntil } from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import { type AbortWhen, serviceOf } from "../experiment/experiment.ts";
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
  const writes = serviceOf(experiment).writes.length > 0;
  const live = liveFigures(from, { writes });
  const tails = [
    new Tail(files.history, Entry),
    ...(files.background === null ? [] : [new Tail(files.background, Entry)]),
    ...(files.roles === null ? [] : [new Tail(files.roles, RolesEntry)]),
  ];
  const check = () => {
    for (const entry of tails.flatMap((tail): (Entry | RolesEntry)[] => tail.read())) live.take(entry);
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
      if (await waitUntil(() => check().isServed(), options)) return;
      throw new NotSteady(`The service has not answered within ${SERVED_DEADLINE_MS / 1_000} s.`);
    },
    stop: (): void => {
      clearInterval(timer);
      for (const tail of tails) tail.close();
    },
  };
}

/** What the clients have seen so far in a round. Times are ms of the shared clock. @param writes whether clients write: else no write is ever missed */
export function liveFigures(from: number, { writes: isWriting }: { readonly writes: boolean }) {
  const reads = { ok: 0, failed: 0, lastOk: from };
  const writes = { ok: 0, failed: 0, lastOk: from };
  const samples: RoleSample[] = [];
  const count = (tally: typeof reads, outcome: "ok" | "failed" | "unknown", at: number): void => {
    tally[outcome === "ok" ? "ok" : "failed"] += 1;
    if (outcome === "ok") tally.lastOk = Math.max(tally.lastOk, at);
  };
  const figures: Readonly<Record<LiveMetric, (now: number) => number>> = {
    failedReads: () => reads.failed,
    failedWrites: () => writes.failed,
    readSilence: (now) => now - reads.lastOk,
    writeSilence: (now) => (isWriting ? now - writes.lastOk : 0),
    twoPrimaries: () => judgeRoles(samples).twoPrimaries.length,
  };
  return {
    figures,
    take(entry: Entry | RolesEntry): void {
      if (entry.e === "sample") samples.push(entry);
      else if (entry.e === "read") count(reads, entry.outcome, entry.end);
      else if (entry.e === "end") count(writes, entry.outcome, entry.at);
    },
    isServed: () => reads.ok > 0 && (writes.ok > 0 || !isWriting),
    failed: () => reads.failed + writes.failed,
    /** The first condition that is true, with its figure; undefined: none is. */
    reasonToAbort(conditions: readonly AbortWhen[], now: number): string | undefined {
      for (const { metric, above, words } of conditions) {
        const figure = figures[metric](now);
        if (figure > above) return `${words} (${metric} is ${Math.round(figure)}, above ${above})`;
      }
      return undefined;
    },
  };
}
