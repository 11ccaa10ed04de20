/**
 * What has to be undone when the bench ends, by whatever way: processes ended, groups removed, data deleted. Last done, first undone.
 */
export class UndoStack {
  readonly #steps: (() => unknown)[] = [];
  #running: Promise<void> | undefined;

  /** True once the bench is ending. */
  get begun(): boolean {
    return this.#running !== undefined;
  }

  /** Returns a function that does the step now, and only once. While all is undone it waits for that: what ends the process must miss nothing. */
  add(step: () => unknown): () => Promise<void> {
    this.#steps.push(step);
    return async () => {
      if (this.#running) return this.#running;
      const at = this.#steps.indexOf(step);
      if (at < 0) return;
      this.#steps.splice(at, 1);
      await step();
    };
  }

  /** Does all steps. A step that fails is reported and does not keep the others from being done. */
  undoAll(): Promise<void> {
    this.#running ??= this.#undo();
    return this.#running;
  }

  async #undo(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        console.error(`could not clean up: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
