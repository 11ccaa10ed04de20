/** What cannot have happened if the service keeps its word. docs/history.md explains each kind. */
export type ViolationKind =
  | "lost"
  | "duplicated"
  | "refused-but-stored"
  | "invented"
  | "wrong-value"
  | "stale-read"
  | "read-went-back"
  | "contradictory-reads"
  | "nodes-differ";

export interface Violation {
  readonly kind: ViolationKind;
  /** One sentence with the values, operations and times in question. */
  readonly what: string;
}

/** A moment of a history, for people. */
export function at(moment: number): string {
  return Number.isFinite(moment) ? `at ${moment.toFixed(1)}` : "never";
}
