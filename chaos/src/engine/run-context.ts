import type { Stand } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import type { OpenFaults } from "../undo/open-fault.ts";
import type { EngineLock } from "./lock.ts";
import type { StandMonitoring } from "./monitoring-watch.ts";
import type { RunJournal } from "./run-journal.ts";

/** What every round of a run has in common. */
export interface RunContext {
  readonly id: string;
  readonly stand: Stand;
  readonly experiment: Experiment;
  /** URL of the service. */
  readonly target: string;
  /** Of the run. */
  readonly folder: string;
  readonly open: OpenFaults;
  readonly lock: EngineLock;
  readonly journal: RunJournal;
  /** Undefined: the stand has none that can be asked. */
  readonly monitoring: StandMonitoring | undefined;
  /** Aborts when a person interrupts the run. */
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}
