import { EXIT, Provenance, readRunFile } from "@goldenring/run-kit";
import * as z from "zod";
import { COMPARISONS, Experiment } from "../experiment/experiment.ts";
import { RequestFigures } from "../history/summary.ts";

/**
 * One run of an experiment as it stands in `run.json`. Times of day are ISO 8601, UTC. Times called `at`, `from` or `to` are ms since the
 * beginning of their round (the probe's first request); figures are in the unit that their metric names.
 */

/** How a run may end, from good to bad: its exit code, and how reports name it. */
export const ENDS = {
  held: { exit: EXIT.ok, text: "the hypothesis held" },
  "not-available": { exit: EXIT.usage, text: "not possible on this stand" },
  "not-steady": { exit: EXIT.notSteady, text: "the stand was not steady" },
  deviated: { exit: EXIT.expectationMissed, text: "deviated from the hypothesis" },
  aborted: { exit: EXIT.aborted, text: "aborted" },
  failed: { exit: EXIT.failed, text: "failed" },
  "not-undone": { exit: EXIT.notUndone, text: "a fault was not undone" },
  interrupted: { exit: EXIT.interrupted, text: "interrupted" },
  terminated: { exit: EXIT.terminated, text: "stopped" },
} as const;

type EndedBy = keyof typeof ENDS;
const EndedBy = z.enum(Object.keys(ENDS) as [EndedBy, ...EndedBy[]]);

export const RUN_FILES = { record: "run.json", journal: "journal.jsonl" } as const;

const ms = z.number();
const span = { from: ms, to: ms };

const Second = z.object({
  /** Its beginning. */
  at: ms,
  /** Requests that ended well in it. */
  ok: z.int(),
  /** Requests that failed in it, those of unknown outcome included. */
  failed: z.int(),
  /** Of those that ended well; null without any. */
  p50: ms.nullable(),
  p95: ms.nullable(),
  longest: ms.nullable(),
});

/** What a failover was made of. */
const Failover = z.object({
  /** From the last acknowledged write until the guardian decides, or the standby finds the leader key free; null: neither was seen. */
  detection: ms.nullable(),
  /** From then, or from the last write, until it has the key. */
  key: ms,
  /** Until its PostgreSQL accepts writes. */
  promotion: ms,
  /** From then until HAProxy sends to it; null: it was not seen. */
  haproxy: ms.nullable(),
  /** From the same moment until a write is acknowledged. */
  search: ms,
});

const Figures = z.object({
  reads: RequestFigures,
  writes: RequestFigures,
  /** The background load; null without any. */
  background: RequestFigures.nullable(),
  acknowledgedWrites: z.int(),
  /** Writes of unknown outcome that are stored all the same: allowed. */
  recoveredWrites: z.int(),
  judgedReads: z.int(),
  /** Unconfirmed reads that were older than an acknowledged write: allowed. */
  staleMarkedAndOld: z.int(),
  /** What the history checker found; docs/history.md explains each kind. */
  violations: z.array(z.object({ kind: z.string(), what: z.string() })),
  /** What could not be checked (lost, duplicated, stale, other), and why; absent: everything was. */
  notChecked: z.record(z.string(), z.string()).optional(),
  /** Pairs of machines that were primary at the same moment. */
  twoPrimaries: z.int(),
  primaryBefore: z.string().nullable(),
  primaryAfter: z.string().nullable(),
  /** From the first fault to the first answer of another primary, or of the same one on another timeline; null: none. */
  newPrimary: ms.nullable(),
  /** null: there was none, or its steps were not seen. */
  failover: Failover.nullable().default(null),
  /** From the last undo until everything was as before; null: it was not. */
  recovery: ms.nullable(),
});

/** What an expectation came to. `measured`: no target was set. `unknown`: there is no figure to judge. */
const Verdict = z.enum(["held", "missed", "measured", "unknown"]);

/** The index is the one of the experiment's expectations. */
const RoundVerdict = z.object({ figure: z.number().nullable(), verdict: Verdict, why: z.string().optional() });

const Fault = z.object({
  kind: z.string(),
  machine: z.string(),
  /** What it is, for people: `30 % of what it sends is lost`. */
  words: z.string(),
  /** The undo stood on disk by then. */
  at: ms,
  /** When its injection had returned; null: it did not. */
  injectedAt: ms.nullable(),
  /** null: it was not undone. */
  undoneAt: ms.nullable(),
});

const RoleSpan = z.object({
  machine: z.string(),
  /** `primary`, `replica`, `silent` (no answer), or another word of Patroni. */
  role: z.string(),
  timeline: z.int().nullable(),
  ...span,
});

/** A state of something that is polled once a second: of a server in HAProxy (`UP`, `DOWN`), of etcd (`healthy`, `unhealthy`). */
const StateSpan = z.object({
  /** The machine that reported it. */
  machine: z.string(),
  /** `master/pg-01`, `etcd`. */
  what: z.string(),
  /** `silent`: no answer. */
  state: z.string(),
  ...span,
});

const Alert = z.object({
  name: z.string(),
  status: z.enum(["firing", "resolved"]),
  machine: z.string(),
  severity: z.string(),
  /** All of them; none in records that were written without them. */
  labels: z.record(z.string(), z.string()).default({}),
  /** Its arrival. */
  at: ms,
  /** From the beginning of the stage in which it arrived, or of the last one before. */
  delay: ms,
  /** That stage. */
  stage: z.string(),
});

const Round = z.object({
  /** From 1. */
  number: z.int(),
  startedAt: z.string(),
  /** How long it was. */
  lasted: ms,
  /** Which machines the experiment's targets were in this round: `primary` -> [`pg-01`]. */
  targets: z.record(z.string(), z.array(z.string())),
  stages: z.array(z.object({ name: z.string(), ...span, faults: z.array(Fault) })),
  figures: Figures,
  /** In the order of the experiment's expectations. */
  verdicts: z.array(RoundVerdict),
  series: z.object({ reads: z.array(Second), writes: z.array(Second), background: z.array(Second) }),
  roles: z.array(RoleSpan),
  states: z.array(StateSpan),
  /** null: there was no monitoring to ask. */
  alerts: z.array(Alert).nullable(),
  /** Files of the round, relative to the run's folder. */
  files: z.object({
    history: z.string(),
    background: z.string().nullable(),
    roles: z.string().nullable(),
    /** What the guardian saw: `ring guardian replay` reads it. */
    guardian: z.string().nullable().default(null),
    /** What the service showed at the end. */
    readBack: z.string().optional(),
  }),
});

/** Over all rounds, in the order of the experiment's expectations. */
export const Judged = z.object({
  words: z.string(),
  metric: z.string(),
  /** Of the expectation; null: none. */
  comparison: z.enum(COMPARISONS).nullable(),
  limit: z.number().nullable(),
  medianLimit: z.number().optional(),
  worstLimit: z.number().optional(),
  unit: z.string(),
  median: z.number().nullable(),
  /** The largest where it should be small, and the other way round. */
  worst: z.number().nullable(),
  /** Missed when it was missed in one round, or by the median or worst of all. */
  verdict: Verdict,
});

/** What was done, in its order. */
const JournalLine = z.object({
  time: z.string(),
  /** Of the round; absent outside of rounds. */
  round: z.int().optional(),
  at: ms.optional(),
  event: z.enum([
    ...(["steady", "load", "stage", "undo-written", "injected", "undone", "not-undone", "recovered"] as const),
    ...(["abort", "interrupt", "judged", "note"] as const),
  ]),
  machine: z.string().optional(),
  text: z.string(),
});

const Run = z.object({
  version: z.literal(2),
  /** Also the name of its folder: `2026-11-23T20-35-00Z-CE-01`. */
  id: z.string(),
  experiment: Experiment,
  startedAt: z.string(),
  endedAt: z.string(),
  endedBy: EndedBy,
  /** Why, in one sentence. */
  ending: z.string(),
  exit: z.int(),
  stand: z.object({ name: z.string(), kind: z.enum(["lab", "machines"]), target: z.string() }),
  ...Provenance.shape,
  rounds: z.array(Round),
  expectations: z.array(Judged),
  journal: z.array(JournalLine),
});

const Verdicts = z.array(z.looseObject({ verdict: z.string() }));
/** Version 1 had `stated` where no target was set. */
const VersionOne = z.looseObject({
  version: z.literal(1),
  rounds: z.array(z.looseObject({ verdicts: Verdicts })),
  expectations: Verdicts,
});

function upgraded(record: unknown): unknown {
  const { data: old } = VersionOne.safeParse(record);
  if (old === undefined) return record;
  const measured = (verdicts: z.infer<typeof Verdicts>) =>
    verdicts.map((each) => (each.verdict === "stated" ? { ...each, verdict: "measured" } : each));
  const rounds = old.rounds.map((round) => ({ ...round, verdicts: measured(round.verdicts) }));
  return { ...old, version: 2, rounds, expectations: measured(old.expectations) };
}

export const ExperimentRun = z.preprocess(upgraded, Run);
export type ExperimentRun = z.infer<typeof Run>;
export type RoundRecord = z.infer<typeof Round>;
export type StageRecord = RoundRecord["stages"][number];
export type FaultRecord = z.infer<typeof Fault>;
export type RoundFigures = z.infer<typeof Figures>;
export type Failover = z.infer<typeof Failover>;
export type RoundVerdict = z.infer<typeof RoundVerdict>;
export type JudgedExpectation = z.infer<typeof Judged>;
export type JournalLine = z.infer<typeof JournalLine>;
export type Second = z.infer<typeof Second>;
export type RoleSpan = z.infer<typeof RoleSpan>;
export type StateSpan = z.infer<typeof StateSpan>;
export type RecordedAlert = z.infer<typeof Alert>;

/** @throws {CommandError} (usage) where there is no such run, or its record is not what this version reads */
export function readRun(folder: string): Promise<ExperimentRun> {
  return readRunFile(folder, RUN_FILES.record, ExperimentRun);
}
