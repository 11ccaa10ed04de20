import type { Write } from "../history/history.ts";
import { percentile, summarize } from "../history/summary.ts";
import { type Evidence, newPrimaryAfterFault } from "../judge/evidence.ts";
import type { RoleSample } from "../roles/samples.ts";
import { judgeRoles } from "../roles/verdict.ts";
import type { RoleSpan, RoundFigures, RoundRecord, Second } from "../run/record.ts";

type Given = Pick<RoundRecord, "number" | "startedAt" | "targets" | "verdicts" | "files">;

/** A round as it stands in the record. */
export function roundRecord(evidence: Evidence, given: Given): RoundRecord {
  const { history, background, samples, from, stages, states, alerts } = evidence;
  return {
    ...given,
    lasted: Math.round(history.endedAt - from),
    stages: [...stages],
    figures: figuresOf(evidence),
    series: {
      reads: secondsOf(history.reads, from, history.endedAt),
      writes: secondsOf(history.writes, from, history.endedAt),
      background: background ? secondsOf(background.reads, from, history.endedAt) : [],
    },
    roles: roleSpans(samples, from),
    states: [...states],
    alerts: alerts && [...alerts],
  };
}

function figuresOf(evidence: Evidence): RoundFigures {
  const { history, background, samples, verdict, before, after, recovery } = evidence;
  const { reads, writes } = summarize(history);
  return {
    reads,
    writes,
    background: background ? summarize(background).reads : null,
    acknowledgedWrites: verdict.acknowledgedWrites,
    recoveredWrites: verdict.recoveredWrites,
    judgedReads: verdict.judgedReads,
    staleMarkedAndOld: verdict.staleMarkedAndOld,
    violations: [...verdict.violations],
    twoPrimaries: judgeRoles(samples).twoPrimaries.length,
    primaryBefore: before.primary ?? null,
    primaryAfter: after?.primary ?? null,
    newPrimary: newPrimaryAfterFault(evidence) ?? null,
    recovery,
  };
}

type Request = Pick<Write, "start" | "end" | "outcome">;

/** What ended in each second; seconds without requests are included. */
export function secondsOf(requests: readonly Request[], from: number, to: number): Second[] {
  const length = Math.max(1, Math.ceil((to - from) / 1_000));
  const buckets = Array.from({ length }, () => ({ durations: [] as number[], failed: 0 }));
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
      p50: percentile(sorted, 50) ?? null,
      p95: percentile(sorted, 95) ?? null,
      longest: sorted.at(-1) ?? null,
    };
  });
}

/** What each machine was, as long as it was the same. */
export function roleSpans(samples: readonly RoleSample[], from: number): RoleSpan[] {
  const spans = new Map<string, RoleSpan[]>();
  for (const { node, role, state, timeline, start, end } of samples) {
    const words = role === undefined ? "silent" : state === "running" ? role : `${role}, ${state}`;
    const ofNode = spans.get(node) ?? [];
    spans.set(node, ofNode);
    const last = ofNode.at(-1);
    const times = { from: Math.round(start - from), to: Math.round(end - from) };
    const next = { machine: node, role: words, timeline: timeline ?? null, ...times };
    if (last) last.to = next.from;
    if (last && last.role === next.role && last.timeline === next.timeline) last.to = next.to;
    else ofNode.push(next);
  }
  return [...spans.values()].flat();
}
