import * as z from "zod";
import type { History, Read, Write } from "./history.ts";

/** Slower answers counted as errors in the 2023 baseline. */
const SLOW_MS = 5_000;

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

/** The window from the first request to the end. */
export function wholeRun({ header, endedAt }: History): TimeWindow {
  return { from: header.at, to: endedAt };
}

export function summarize(history: History, window: TimeWindow = wholeRun(history)) {
  const within = (moment: number): boolean =>
    moment >= window.from && (moment < window.to || window.to >= history.endedAt);
  const skipped = (lane: "read" | "write"): number =>
    history.skipped.filter((each) => each.lane === lane && within(each.at)).reduce((sum, { slots }) => sum + slots, 0);
  const reads = history.reads.map((read): Request => ({ ...read, abandoned: false }));
  const writes = history.writes.map((write): Request => ({ ...write, end: Math.min(write.end, history.endedAt) }));
  return {
    reads: figures(reads, window, within, skipped("read")),
    writes: figures(writes, window, within, skipped("write")),
  };
}

interface Request extends Pick<Write, "start" | "end" | "outcome" | "abandoned">, Pick<Read, "stale"> {}

function figures(
  all: readonly Request[],
  window: TimeWindow,
  within: (moment: number) => boolean,
  skipped: number,
): RequestFigures {
  const requests = all.filter(({ start }) => within(start));
  const count = (wanted: Request["outcome"]): number =>
    requests.filter(({ outcome, abandoned }) => outcome === wanted && !abandoned).length;
  const durations = requests.map(({ start, end }) => end - start);
  const answered = requests
    .filter(({ outcome }) => outcome === "ok")
    .map(({ start, end }) => end - start)
    .sort((one, other) => one - other);
  const acknowledged = all.filter(({ outcome, end }) => outcome === "ok" && within(end)).map(({ end }) => end);
  return {
    count: requests.length,
    ok: count("ok"),
    failed: count("failed"),
    unknown: count("unknown"),
    abandoned: requests.filter(({ abandoned }) => abandoned).length,
    skipped,
    slowerThan5s: durations.filter((duration) => duration > SLOW_MS).length,
    longest: durations.reduce((longest, duration) => Math.max(longest, duration), 0),
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
