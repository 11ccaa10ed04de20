/**
 * Growth of the data that was admitted and that the read model does not show yet. It is counted from a write's arrival
 * until a refresh has ended that started after the write's outcome.
 */
export class Growth {
  #open = 0;
  #settled = 0;

  /**
   * @param limitBytes for the data and their admitted growth
   * @param largestBytes of one write: without room for it all growth is refused, so that no one depends on its size
   */
  constructor(
    readonly limitBytes: number,
    readonly largestBytes: number,
    readonly dataBytes: () => number,
  ) {}

  get bytes(): number {
    return this.#open + this.#settled;
  }

  /** Undefined if there is no room; else a function to call once with the write's outcome. What does not grow always fits. */
  admit(bytes: number): ((outcome: "stored" | "not stored" | "unknown") => void) | undefined {
    if (bytes <= 0) return () => {};
    if (this.dataBytes() + this.bytes + Math.max(bytes, this.largestBytes) > this.limitBytes) return undefined;
    this.#open += bytes;
    return (outcome) => {
      this.#open -= bytes;
      if (outcome !== "not stored") this.#settled += bytes;
    };
  }

  /** Call at the start of a refresh, and what it returns at its success. */
  refreshing(): () => void {
    const seen = this.#settled;
    return () => {
      this.#settled -= seen;
    };
  }

  /** Admitted growth whose writes have ended: a refresh would bring it into the model. */
  get settledBytes(): number {
    return this.#settled;
  }
}
