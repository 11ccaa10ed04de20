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

/** What the check of a history may be unable to tell: lost and duplicated writes, stale reads, everything else. */
export type CheckedPart = "lost" | "duplicated" | "stale" | "other";
/** Why it was not checked, as part of a sentence. What is absent was checked in full. */
export type NotChecked = Readonly<Partial<Record<CheckedPart, string>>>;

/** A moment of a history, for people. */
export function at(moment: number): string {
  return Number.isFinite(moment) ? `at ${moment.toFixed(1)}` : "never";
}
