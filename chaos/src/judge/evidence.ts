import type { StandRoles } from "@goldenring/stand";
import type { Verdict } from "../check/check.ts";
import type { Expectation } from "../experiment/experiment.ts";
import type { History } from "../history/history.ts";
import { type RoleSample, timeToNewPrimary } from "../roles/verdict.ts";
import type { RecordedAlert, StageRecord, StateSpan } from "../run/record.ts";

/** All that a round has left, before it is judged. */
export interface Evidence {
  readonly history: History;
  /** Undefined: there was no background load. */
  readonly background: History | undefined;
  /** Empty: they were not sampled. */
  readonly samples: readonly RoleSample[];
  readonly verdict: Verdict;
  /** Beginning of the round, ms of the shared clock; the moments below are relative to it. */
  readonly from: number;
  readonly stages: readonly StageRecord[];
  readonly before: StandRoles;
  /** Undefined: the stand was not steady again. */
  readonly after: StandRoles | undefined;
  /** ms; null: it was not steady again. */
  readonly recovery: number | null;
  readonly states: readonly StateSpan[];
  /** null: nobody receives alerts. */
  readonly alerts: readonly RecordedAlert[] | null;
  readonly targets: Readonly<Record<string, readonly string[]>>;
  readonly monitoring: MonitoringEvidence;
}

/** What was found out about the stand's monitoring, as far as an expectation is about it. */
export interface MonitoringEvidence {
  /** Names of alerts that fired before the round. */
  readonly firedBefore: readonly string[];
  /** Before the first stage; undefined: it was not asked. */
  readonly seen?: SeenMonitoring | undefined;
  /** By stage: what answers on each API replica, % of its machine's CPU limit. */
  readonly apiCpu: Readonly<Record<string, readonly number[]>>;
}

export interface SeenMonitoring {
  readonly targetsUp: number;
  readonly targets: number;
  readonly queries: QueryCheck;
  /** Resident memory, 10^6 bytes. */
  readonly prometheusMegabytes: number;
}

/** Every query of every panel and rule, asked of the live Prometheus. */
export interface QueryCheck {
  readonly checked: number;
  /** Without data, and declared to be so. */
  readonly declaredEmpty: number;
  /** Where the others without data come from. */
  readonly failed: readonly string[];
}

/** What a metric came to in a round. `unknown`: nothing can be said, and why; `missed`: what was expected to come did not. */
export type Figure =
  | { readonly value: number; readonly why?: string }
  | { readonly unknown: string }
  | { readonly missed: string };

export type FigureOf = (expectation: Expectation, evidence: Evidence) => Figure;

/** From the last fault before a new primary was seen to that moment, ms; undefined: there was none after the first fault. */
export function newPrimaryAfterFault(evidence: Pick<Evidence, "stages" | "from" | "samples">): number | undefined {
  const { stages, from, samples } = evidence;
  const faults = stages.flatMap((stage) => stage.faults.map(({ at }) => from + at));
  if (faults.length === 0) return undefined;
  const first = Math.min(...faults);
  const took = timeToNewPrimary(samples, first);
  return took === undefined ? undefined : first + took - Math.max(...faults.filter((at) => at <= first + took));
}
