import { join } from "node:path";
import type { Stand } from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { Journal } from "../history/lines.ts";
import type { QueryCheck } from "../judge/evidence.ts";
import { type JournalLine, RUN_FILES } from "../run/record.ts";
import type { OpenFaults } from "../undo/open-fault.ts";
import type { EngineLock } from "./lock.ts";

export interface RunContext {
  readonly id: string;
  readonly stand: Stand;
  readonly experiment: Experiment;
  readonly target: string;
  readonly folder: string;
  readonly open: OpenFaults;
  readonly lock: EngineLock;
  readonly journal: ReturnType<typeof openRunJournal>;
  /** Undefined: the stand has none that can be asked. */
  readonly monitoring: StandMonitoring | undefined;
  /** Aborts when a person interrupts the run. */
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

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
  readonly firing: readonly string[];
  readonly targetsUp: number;
  readonly targets: number;
  /** CPUs that each machine may use. */
  readonly cpuLimits: Readonly<Record<string, number>>;
}

/** What was done in a run, in its order: on disk as it happens, and at the end in the record. */
export function openRunJournal(folder: string, log: (text: string) => void) {
  const lines: JournalLine[] = [];
  const file = new Journal<JournalLine>(join(folder, RUN_FILES.journal));
  let round: { readonly number: number; readonly from: number } | undefined;
  return {
    lines,
    /** @param from its beginning, ms of the shared clock; undefined: no round runs */
    inRound(number: number, from: number | undefined): void {
      round = from === undefined ? undefined : { number, from };
    },
    write(event: JournalLine["event"], text: string, machine?: string): void {
      const inRound = round && { round: round.number, at: Math.round(monotonicMs() - round.from) };
      const line: JournalLine = {
        time: new Date().toISOString(),
        ...inRound,
        event,
        ...(machine && { machine }),
        text,
      };
      lines.push(line);
      file.write(line);
      const words = event === "undone" ? `undone: ${text}` : text;
      log(machine === undefined ? words : `${machine}: ${words}`);
    },
    close: (): void => file.close(),
  };
}
