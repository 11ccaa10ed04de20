import { setTimeout as delay } from "node:timers/promises";

/** What one attempt found: the value, or what is still missing, for a person to read. */
export type Attempt<Value> = { readonly value: Value } | { readonly missing: string };

export interface WaitOptions {
  readonly deadlineMs: number;
  /** Pause between two attempts. Default: 100 ms. */
  readonly everyMs?: number;
  /** Ends the wait: the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each attempt that found something missing. */
  readonly onMissing?: (missing: string, waitedMs: number) => void;
}

/** The deadline has passed. */
export class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded";

  constructor(
    readonly missing: string,
    readonly deadlineMs: number,
  ) {
    super(`After ${deadlineMs / 1_000} s still: ${missing}`);
  }
}

/** There is at least one attempt, whatever the deadline. @throws {DeadlineExceeded} with what the last attempt missed */
export async function waitFor<Value>(
  attempt: () => Promise<Attempt<Value>> | Attempt<Value>,
  { deadlineMs, everyMs = 100, signal, onMissing }: WaitOptions,
): Promise<Value> {
  const startedAt = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const found = await attempt();
    if ("value" in found) return found.value;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs >= deadlineMs) throw new DeadlineExceeded(found.missing, deadlineMs);
    onMissing?.(found.missing, waitedMs);
    await delay(everyMs, undefined, signal ? { signal } : {}).catch(() => {});
  }
}

/** @returns whether the condition came true before the deadline */
export async function waitUntil(condition: () => Promise<boolean> | boolean, options: WaitOptions): Promise<boolean> {
  try {
    await waitFor(async () => ((await condition()) ? { value: true } : { missing: "" }), options);
    return true;
  } catch (error) {
    if (error instanceof DeadlineExceeded) return false;
    throw error;
  }
}
