import { summarize } from "../history/summary.ts";
import { type Evidence, newPrimaryAfterFault } from "../judge/evidence.ts";
import { judgeRoles } from "../roles/verdict.ts";
import type { RoundFigures, RoundRecord } from "../run/record.ts";
import { roleSpans, seriesOf } from "./curves.ts";

type Given = Pick<RoundRecord, "number" | "startedAt" | "targets" | "verdicts" | "files">;

/** A round as it stands in the record. */
export function roundRecord(evidence: Evidence, given: Given): RoundRecord {
  const { history, background, samples, from, stages, states, alerts } = evidence;
  return {
    ...given,
    lasted: Math.round(history.endedAt - from),
    stages: [...stages],
    figures: figuresOf(evidence),
    series: seriesOf(history, background, from),
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
