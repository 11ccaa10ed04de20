import type { Stand } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import type { QueryCheck } from "../judge/evidence.ts";
import type { OpenFaults } from "../undo/open-fault.ts";
import type { EngineLock } from "./lock.ts";
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

/** An alert as its receiver has it. */
export interface ReceivedAlert {
  readonly name: string;
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly arrivedAt: string;
}

/** The monitoring of a stand, as an experiment asks it. The program that has the chaos commands hands it in. */
export interface StandMonitoring {
  /** What arrived at the receiver of alerts since then. @param since ms since 1970 */
  alertsSince(since: number): readonly ReceivedAlert[];
  status(): Promise<MonitoringStatus>;
  verifyQueries(): Promise<QueryCheck>;
}

export interface MonitoringStatus {
  /** What is not as it should be on a whole stand, its monitoring included. */
  readonly problems: readonly string[];
  /** Names of the alerts that fire. */
  readonly firing: readonly string[];
  readonly targetsUp: number;
  readonly targets: number;
  /** CPUs that each machine may use. */
  readonly cpuLimits: Readonly<Record<string, number>>;
}
