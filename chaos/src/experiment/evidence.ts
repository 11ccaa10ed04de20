import type { StandRoles } from "@goldenring/stand";
import type { Verdict } from "../check/check.ts";
import type { History } from "../history/history.ts";
import type { RoleSample } from "../roles/samples.ts";
import { timeToNewPrimary } from "../roles/verdict.ts";
import type { RecordedAlert, StageRecord, StateSpan } from "../run/record.ts";

/** All that a round has brought, before it is judged. */
export interface Evidence {
  readonly history: History;
  /** Undefined: there was no background load. */
  readonly background: History | undefined;
  /** Empty: nobody asked. */
  readonly samples: readonly RoleSample[];
  readonly verdict: Verdict;
  /** Whether the verdict is also about what is stored at the end. */
  readonly isStoredKnown: boolean;
  /** Whether it is about how fresh reads were. */
  readonly isFreshnessKnown: boolean;
  /** Beginning of the round, ms of the shared clock; the moments below are relative to it. */
  readonly from: number;
  readonly stages: readonly StageRecord[];
  readonly before: StandRoles;
  /** Undefined: the stand was not steady again. */
  readonly after: StandRoles | undefined;
  /** ms; null: it was not steady again. */
  readonly recovery: number | null;
  readonly states: readonly StateSpan[];
  /** null: nobody could say which alerts came. */
  readonly alerts: readonly RecordedAlert[] | null;
}

/** From the last fault before a new primary was seen to that moment, ms; undefined: there was none after the first fault. */
export function newPrimaryAfterFault({
  stages,
  from,
  samples,
}: Pick<Evidence, "stages" | "from" | "samples">): number | undefined {
  const faults = stages.flatMap((stage) => stage.faults.map(({ at }) => from + at));
  if (faults.length === 0) return undefined;
  const first = Math.min(...faults);
  const took = timeToNewPrimary(samples, first);
  return took === undefined ? undefined : first + took - Math.max(...faults.filter((at) => at <= first + took));
}
