/** Told what happens now, in words for a person ("starting pg-01"); a room never prints. */
export type Progress = (step: string) => void;

/** What every longer task takes. */
export interface TaskOptions {
  readonly onProgress?: Progress;
  /** Ends the task at its next step, and the command that runs at once; what was begun is repaired or removed by the next run. */
  readonly signal?: AbortSignal;
}
