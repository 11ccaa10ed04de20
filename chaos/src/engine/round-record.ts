import { messageOf } from "@goldenring/stand";
import { checkHistory } from "../check/check.ts";
import { serviceOf } from "../experiment/experiment.ts";
import { type History, readHistory, type Write } from "../history/history.ts";
import { percentile, summarize } from "../history/summary.ts";
import { type Evidence, newPrimaryAfterFault } from "../judge/evidence.ts";
import { judgeRoles, type RoleSample, readRoleSamples } from "../roles/verdict.ts";
import type { Failover, RoleSpan, RoundRecord, Second } from "../run/record.ts";
import { storedValues } from "../stored/own-database.ts";
import { storedOnAll } from "../stored/weather-rows.ts";
import type { RunContext } from "./run-context.ts";

type Given = Pick<RoundRecord, "number" | "startedAt" | "targets" | "verdicts" | "files">;

interface Found extends Evidence {
  readonly failover: Failover | undefined;
}

export function roundRecord(evidence: Found, given: Given): RoundRecord {
  const { history, background, samples, from, stages, states, alerts, before, after, recovery } = evidence;
  const { acknowledgedWrites, recoveredWrites, judgedReads, staleMarkedAndOld, violations, notChecked } =
    evidence.verdict;
  const seconds = (requests: readonly Request[]): Second[] => secondsOf(requests, from, history.endedAt);
  return {
    ...given,
    lasted: Math.round(history.endedAt - from),
    stages: [...stages],
    figures: {
      ...summarize(history),
      background: background ? summarize(background).reads : null,
      acknowledgedWrites,
      recoveredWrites,
      judgedReads,
      staleMarkedAndOld,
      violations: [...violations],
      ...(Object.keys(notChecked).length > 0 && { notChecked }),
      twoPrimaries: judgeRoles(samples).twoPrimaries.length,
      primaryBefore: before.primary ?? null,
      primaryAfter: after?.primary ?? null,
      newPrimary: newPrimaryAfterFault(evidence) ?? null,
      failover: evidence.failover ?? null,
      recovery,
    },
    series: {
      reads: seconds(history.reads),
      writes: seconds(history.writes),
      background: background ? seconds(background.reads) : [],
    },
    roles: roleSpans(samples, from),
    states: [...states],
    alerts: alerts && [...alerts],
  };
}

type Request = Pick<Write, "start" | "end" | "outcome">;

/** What ended in each second; seconds without requests are included. */
export function secondsOf(requests: readonly Request[], from: number, to: number): Second[] {
  const length = Math.max(1, Math.ceil((to - from) / 1_000));
  const ended = requests.filter(({ end }) => Number.isFinite(end));
  const bySecond = Map.groupBy(ended, ({ end }) => Math.min(length - 1, Math.floor((end - from) / 1_000)));
  return Array.from({ length }, (_, second) => {
    const all = bySecond.get(second) ?? [];
    const answered = all.filter(({ outcome }) => outcome === "ok");
    const durations = answered.map(({ start, end }) => end - start).sort((one, other) => one - other);
    return {
      at: second * 1_000,
      ok: answered.length,
      failed: all.length - answered.length,
      p50: percentile(durations, 50) ?? null,
      p95: percentile(durations, 95) ?? null,
      longest: durations.at(-1) ?? null,
    };
  });
}

/** What each machine was, as long as it was the same. */
export function roleSpans(samples: readonly RoleSample[], from: number): RoleSpan[] {
  const spans = new Map<string, RoleSpan[]>();
  for (const { node, role: found, state, timeline = null, start, end } of samples) {
    const role = found === undefined ? "silent" : state === "running" ? found : `${found}, ${state}`;
    const next = { machine: node, role, timeline, from: Math.round(start - from), to: Math.round(end - from) };
    addSpan(spans, node, next, (last) => last.role === role && last.timeline === timeline);
  }
  return [...spans.values()].flat();
}

/** Adds what was seen to the spans of a thing: the last span lasts until then, and longer where it was the same. */
export function addSpan<Span extends { from: number; to: number }>(
  spans: Map<string, Span[]>,
  key: string,
  next: Span,
  isSame: (last: Span) => boolean,
): void {
  const ofThing = spans.get(key) ?? [];
  spans.set(key, ofThing);
  const last = ofThing.at(-1);
  if (last) last.to = next.from;
  if (last && isSame(last)) last.to = next.to;
  else ofThing.push(next);
}

/** Reads the files of a round, and compares them with what is stored. @param values the name of those that were written */
export async function readEvidence(
  context: RunContext,
  files: RoundRecord["files"],
  after: Evidence["after"],
  values: string,
) {
  const history = await readHistory(files.history);
  const background = files.background === null ? undefined : await readHistory(files.background);
  const samples = files.roles === null ? [] : await readRoleSamples(files.roles);
  return { history, background, samples, verdict: await judgeHistory(context, history, files.readBack, after, values) };
}

async function judgeHistory(
  { experiment, stand, journal }: RunContext,
  history: History,
  readBackFile: string | undefined,
  after: Evidence["after"],
  values: string,
) {
  const { database } = serviceOf(experiment);
  const orNote = <Found>(found: Promise<Found>): Promise<Found | undefined> =>
    found.catch((error: unknown) => {
      journal.write("note", `what is stored is not known: ${messageOf(error)}`);
      return undefined;
    });
  if (database === "stand") {
    const nodes = after?.primary === undefined ? undefined : await orNote(storedOnAll(stand, after, values));
    return checkHistory(history, { nodes });
  }
  const stored = database && (await orNote(storedValues(database, values)));
  const readBack = readBackFile === undefined ? undefined : await orNote(readHistory(readBackFile));
  return checkHistory(history, { stored, readBack });
}
