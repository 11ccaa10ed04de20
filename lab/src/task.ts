/** What every longer task takes. */
export interface TaskOptions {
  /** Called with what happens, for a person: "starting pg-01". */
  readonly onProgress?: (step: string) => void;
  /** Ends the task at its next step, and a running program at once; the next run repairs or removes what is incomplete. */
  readonly signal?: AbortSignal;
}

/** For programs that end within moments, also on a busy computer. */
export const A_MINUTE = { deadlineMs: 60_000 } as const;

export async function filterAsync<Item>(
  items: readonly Item[],
  condition: (item: Item) => Promise<boolean>,
): Promise<readonly Item[]> {
  const kept = await Promise.all(items.map(condition));
  return items.filter((_, index) => kept[index]);
}

/** Works on all at the same time and to the end, also when one fails; then the first failure is thrown. */
export async function forAll<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

export const namesOf = (machines: readonly { readonly name: string }[]): string =>
  machines.map(({ name }) => name).join(", ");
