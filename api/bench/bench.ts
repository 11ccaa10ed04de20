import type { Databases } from "./databases.ts";
import type { GroupMaker } from "./limits.ts";
import type { Options } from "./options.ts";
import type { UndoStack } from "./undo.ts";

/** What every case has at hand. */
export interface Bench {
  readonly options: Options;
  /** Undefined where this computer or user can't make limited groups. */
  readonly groups: GroupMaker | undefined;
  readonly databases: Databases;
  readonly undo: UndoStack;
  /** For files that last as long as the run. */
  readonly directory: string;
  /** For the runtime of every measured program. */
  readonly bunArguments: readonly string[];
  /** A line of progress. */
  readonly say: (text: string) => void;
  /** A wrong or missing answer: the case goes on, the bench fails. */
  readonly fail: (problem: string) => void;
}

/** What a case found: one quantity, one value a round. */
export interface Finding {
  readonly what: string;
  readonly unit: "requests/s" | "ms" | "s" | "us" | "MiB" | "ratio";
  readonly values: readonly number[];
  readonly bar?: Bar;
}

export interface Bar {
  readonly kind: "at least" | "at most";
  readonly value: number;
  /** Which of the rounds counts. Memory and limits of that kind hold only if they always hold. */
  readonly judges: "median" | "worst";
}

export interface BenchCase {
  readonly name: string;
  /** One sentence: what is measured, against what. */
  readonly about: string;
  readonly run: (bench: Bench) => Promise<readonly Finding[]>;
}
