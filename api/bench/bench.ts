import type { Databases } from "./databases.ts";
import type { GroupMaker } from "./limits.ts";
import type { Options } from "./options.ts";
import type { UndoStack } from "./undo.ts";

/** What every case gets. */
export interface Bench {
  readonly options: Options;
  /** Undefined if limited groups cannot be made on this computer. */
  readonly groups: GroupMaker | undefined;
  readonly databases: Databases;
  readonly undo: UndoStack;
  /** For files of this run. */
  readonly directory: string;
  /** Arguments for the runtime of every measured program. */
  readonly bunArguments: readonly string[];
  /** A line of progress. */
  readonly log: (text: string) => void;
  /** Reports a wrong or missing answer: the case continues, the bench fails. */
  readonly fail: (problem: string) => void;
}

/** One figure of a case, with its value in each round. */
export interface Finding {
  readonly what: string;
  readonly unit: "requests/s" | "queries/s" | "ms" | "ms/s" | "s" | "us" | "MiB" | "ratio";
  readonly values: readonly number[];
  readonly target?: Target;
}

export interface Target {
  readonly kind: "at least" | "at most";
  readonly value: number;
  /** Which round counts. A limit, such as memory, must hold in the worst. */
  readonly judges: "median" | "worst";
}

export interface BenchCase {
  readonly name: string;
  /** One sentence: what is measured, against what. */
  readonly about: string;
  readonly run: (bench: Bench) => Promise<readonly Finding[]>;
}
