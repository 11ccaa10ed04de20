import type { Journal } from "../history/journal.ts";
import type { Knowledge } from "./knowledge.ts";
import type { ProbeOptions } from "./options.ts";

/** What one client works with. */
export interface Client {
  /** From 0. */
  readonly number: number;
  readonly options: ProbeOptions;
  readonly journal: Pick<Journal, "write">;
  readonly knowledge: Knowledge;
  /** A number that no other request of the run has. */
  nextOperation(): number;
  /** A number that no other write of this client has. */
  nextValue(): number;
}
