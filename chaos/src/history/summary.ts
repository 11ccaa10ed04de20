import * as z from "zod";
import type { Read } from "./entries.ts";
import type { History, Write } from "./history.ts";

/** Slower answers counted as errors in the 2023 baseline. */
export const SLOW_MS = 5_000;

/** From inclusive, to exclusive, ms of the history's clock. A request belongs to the window in which it began. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** Times in ms. */
export const RequestFigures = z.object({
  count: z.int(),
  ok: z.int(),
  failed: z.int(),
  /** Writes only: no answer, or one that leaves open whether they were done; without the abandoned ones. */
  unknown: z.int(),
  /** Under way when the probe was ended. */
  abandoned: z.int(),
  /** Slots of the schedule without a request, because the one before took too long. */
  skipped: z.int(),
  slowerThan5s: z.int(),
  /** Of an abandoned request the time that it had waited. */
  longest: z.number(),
  /** Longest time without any acknowledged answer by any client, the window's ends included. */
  longestGap: z.number(),
  /** Of the answers that were ok; 0 without any. */
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  /** Reads only: answers that were marked stale. */
  staleMarked: z.int(),
});
export type RequestFigures = z.infer<typeof RequestFigures>;

export function wholeRun({ header, endedAt }: History): TimeWindow {
  return { from: header.at, to: endedAt };
}

export function summarize(history: History, window: TimeWindow = wholeRun(history)) {
  const reads = history.reads.map((read): Request => ({ ...read, abandoned: false }));
  const writes = history.writes.map((write): Request => ({ ...write, end: Math.min(write.end, history.endedAt) }));
  return { reads: figures(reads, "read", history, window), writes: figures(writes, "write", history, window) };
}

interface Request extends Pick<Write, "start" | "end" | "outcome" | "abandoned">, Pick<Read, "stale"> {}

function figures(all: readonly Request[], lane: "read" | "write", { skipped, endedAt }: History, window: TimeWindow) {
  const within = (moment: number): boolean => moment >= window.from && (moment < window.to || window.to >= endedAt);
  const requests = all.filter(({ start }) => within(start));
  const count = (wanted: Request["outcome"]): number =>
    requests.filter(({ outcome, abandoned }) => outcome === wanted && !abandoned).length;
  const duration = ({ start, end }: Request): number => end - start;
  const durations = requests.map(duration);
  const isOk = ({ outcome }: Request): boolean => outcome === "ok";
  const answered = requests
    .filter(isOk)
    .map(duration)
    .sort((one, other) => one - other);
  const acknowledged = all.filter((each) => isOk(each) && within(each.end)).map(({ end }) => end);
  const skips = skipped.filter((each) => each.lane === lane && within(each.at));
  return {
    count: requests.length,
    ok: count("ok"),
    failed: count("failed"),
    unknown: count("unknown"),
    abandoned: requests.filter(({ abandoned }) => abandoned).length,
    skipped: skips.reduce((sum, { slots }) => sum + slots, 0),
    slowerThan5s: durations.filter((each) => each > SLOW_MS).length,
    longest: durations.reduce((longest, each) => Math.max(longest, each), 0),
    longestGap: longestGap(acknowledged, window),
    p50: percentile(answered, 50) ?? 0,
    p95: percentile(answered, 95) ?? 0,
    p99: percentile(answered, 99) ?? 0,
    staleMarked: requests.filter(({ stale }) => stale !== undefined).length,
  };
}

function longestGap(moments: readonly number[], { from, to }: TimeWindow): number {
  let last = from;
  let longest = 0;
  for (const moment of [...moments.toSorted((one, other) => one - other), to]) {
    longest = Math.max(longest, moment - last);
    last = moment;
  }
  return longest;
}

/** Nearest rank of sorted numbers; undefined without any. */
export function percentile(sorted: readonly number[], percent: number): number | undefined {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}
