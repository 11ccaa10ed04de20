import type { History } from "../history/history.ts";
import type { RoleSample } from "../roles/samples.ts";
import type { RoleSpan, Second } from "../run/record.ts";

interface Request {
  readonly end: number;
  readonly start: number;
  readonly outcome: "ok" | "failed" | "unknown";
}

/** Second by second what ended in it; a second without requests is there, too. */
export function secondsOf(requests: readonly Request[], from: number, to: number): Second[] {
  const buckets = Array.from({ length: Math.max(1, Math.ceil((to - from) / 1_000)) }, () => ({
    durations: [] as number[],
    failed: 0,
  }));
  for (const { start, end, outcome } of requests) {
    const bucket = buckets[Math.min(buckets.length - 1, Math.floor((end - from) / 1_000))];
    if (!bucket || !Number.isFinite(end)) continue;
    if (outcome === "ok") bucket.durations.push(end - start);
    else bucket.failed += 1;
  }
  return buckets.map(({ durations, failed }, index) => {
    const sorted = durations.toSorted((one, other) => one - other);
    return {
      at: index * 1_000,
      ok: sorted.length,
      failed,
      p50: percentile(sorted, 50),
      p95: percentile(sorted, 95),
      longest: sorted.at(-1) ?? null,
    };
  });
}

/** Nearest rank of sorted numbers. */
function percentile(sorted: readonly number[], percent: number): number | null {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null;
}

export function seriesOf(history: History, background: History | undefined, from: number) {
  return {
    reads: secondsOf(history.reads, from, history.endedAt),
    writes: secondsOf(history.writes, from, history.endedAt),
    background: background ? secondsOf(background.reads, from, history.endedAt) : [],
  };
}

/** What each machine was, as long as it was the same. */
export function roleSpans(samples: readonly RoleSample[], from: number): RoleSpan[] {
  const spans = new Map<string, RoleSpan[]>();
  for (const { node, role, state, timeline, start, end } of samples) {
    const words = role === undefined ? "silent" : state === "running" ? role : `${role}, ${state}`;
    const ofNode = spans.get(node) ?? [];
    spans.set(node, ofNode);
    const last = ofNode.at(-1);
    const next = {
      machine: node,
      role: words,
      timeline: timeline ?? null,
      from: Math.round(start - from),
      to: Math.round(end - from),
    };
    if (last) last.to = next.from;
    if (last && last.role === next.role && last.timeline === next.timeline) last.to = next.to;
    else ofNode.push(next);
  }
  return [...spans.values()].flat();
}
