import type { Stand } from "@goldenring/stand";
import type { AlertsSince } from "../engine/alerts.ts";

/** What the chaos commands get from the program that they are part of. */
export interface ChaosDeps {
  readonly output: ChaosOutput;
  /** Aborts when a person interrupts the command. */
  readonly signal: AbortSignal;
  /** How it was interrupted: by Ctrl-C, or by SIGTERM. */
  readonly interruptedBy: () => "interrupted" | "terminated";
  /** Gets the exit code of the command that ran. */
  readonly outcome: { exitCode: number };
  /** Where the runs are kept. */
  readonly runs: string;
  /** The stand that the commands are about. @throws where there is none, or it is down */
  readonly stand: () => Promise<StandAtHand>;
}

export interface StandAtHand {
  readonly stand: Stand;
  /** Undefined: nobody receives alerts. */
  readonly alertsSince?: AlertsSince;
  /** Faults may be done to its machines without being asked: the lab, or this computer. */
  readonly isOurs: boolean;
}

/** Where a command shows what it does; standard output is kept for results. */
export interface ChaosOutput {
  /** A line of progress. */
  say(text: string): void;
  /** A line of the result. */
  result(text: string): void;
}

/** Lines of progress with their time of day, to standard error. */
export const terminalOutput: ChaosOutput = {
  say: (text) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
  result: (text) => void process.stdout.write(`${text}\n`),
};
