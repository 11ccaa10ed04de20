export const MEBIBYTE = 1_048_576;

/** What the runtime and the program take before there are data (20 MB measured), and the garbage that is left alone. */
const RUNTIME_BYTES = 24 * MEBIBYTE;
const GARBAGE_BYTES = 20 * MEBIBYTE;

/** How the memory budget is shared out, in bytes. What is beside it, the runtime and its garbage, is not part of it. */
export interface Shares {
  readonly budget: number;
  /** Cities, values and their index: a write that would make them larger than this is refused. */
  readonly door: number;
  /** The same, whoever wrote them: a primary with more is not followed. Above `door`, because others write too. */
  readonly data: number;
  /** Ready forms of lists, while the other parts leave so much. */
  readonly forms: number;
  /** What answers under way hold for themselves; more while the data leave it. */
  readonly answers: number;
  /** Bodies of requests that are arriving. */
  readonly bodies: number;
  /** Waiting writes. */
  readonly queue: number;
  /** Of the whole process without file pages: above it, garbage is collected. */
  readonly process: number;
  /** Garbage after which a collection is asked for. */
  readonly garbage: number;
}

export function sharesOf(budgetBytes: number): Shares {
  const share = (part: number) => Math.max(MEBIBYTE, Math.floor(part * budgetBytes));
  return {
    budget: budgetBytes,
    door: Math.floor(0.75 * budgetBytes),
    data: Math.floor(0.875 * budgetBytes),
    forms: share(1 / 6),
    answers: share(1 / 8),
    bodies: share(1 / 3),
    queue: share(1 / 8),
    process: budgetBytes + RUNTIME_BYTES + GARBAGE_BYTES,
    garbage: Math.min(64 * MEBIBYTE, Math.max(8 * MEBIBYTE, share(1 / 64))),
  };
}
