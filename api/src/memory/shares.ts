export const MEBIBYTE = 1_048_576;

/** What the runtime and the program take before there are data (20 MB measured), and the garbage that is left alone. */
const RUNTIME_BYTES = 24 * MEBIBYTE;
const GARBAGE_BYTES = 20 * MEBIBYTE;

export type Shares = Readonly<ReturnType<typeof sharesOf>>;

/** How the memory budget is shared out, in bytes. What is beside it, the runtime and its garbage, is not part of it. */
export function sharesOf(budgetBytes: number) {
  const share = (part: number) => Math.max(MEBIBYTE, Math.floor(part * budgetBytes));
  return {
    budget: budgetBytes,
    /** Cities, values and their index: a write that would make them larger than this is refused. */
    door: Math.floor(0.75 * budgetBytes),
    /** The same, whoever wrote them: a primary with more is not followed. Above `door`, because others write too. */
    data: Math.floor(0.875 * budgetBytes),
    /** Ready forms of lists, while the other parts leave so much. */
    forms: share(1 / 6),
    /** What answers under way hold for themselves; more while the data leave it. */
    answers: share(1 / 8),
    /** Bodies of requests that are arriving. */
    bodies: share(1 / 3),
    /** Waiting writes. */
    queue: share(1 / 8),
    /** Of the whole process without file pages: above it, garbage is collected. */
    process: budgetBytes + RUNTIME_BYTES + GARBAGE_BYTES,
    /** Garbage after which a collection is asked for. */
    garbage: Math.min(64 * MEBIBYTE, Math.max(8 * MEBIBYTE, share(1 / 64))),
  };
}
