import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";

export interface Lane {
  /** The first slot, ms of the shared clock. */
  readonly from: number;
  readonly intervalMs: number;
  /** Sends the request of a slot; the next one starts when it is over. */
  readonly act: (slot: number) => Promise<void>;
  /** Slots that passed while a request was under way: they are skipped, and the schedule stays as it is. */
  readonly onSkipped: (slots: number) => void;
}

/** Acts in every slot until the signal comes; resolves when the last act is over. */
export async function follow({ from, intervalMs, act, onSkipped }: Lane, stop: AbortSignal): Promise<void> {
  for (let slot = 0; await wakesAt(from + slot * intervalMs, stop); ) {
    await act(slot);
    const next = Math.max(slot + 1, Math.ceil((monotonicMs() - from) / intervalMs));
    if (next > slot + 1) onSkipped(next - slot - 1);
    slot = next;
  }
}

/** Aborts at the signal, or when the time is over. @param durationMs Infinity: only at the signal */
export function untilEither(signal: AbortSignal, durationMs: number): AbortSignal {
  return Number.isFinite(durationMs) ? AbortSignal.any([signal, AbortSignal.timeout(durationMs)]) : signal;
}

/** False when the signal comes first. */
function wakesAt(moment: number, signal: AbortSignal): Promise<boolean> {
  return delay(Math.max(0, moment - monotonicMs()), true, { signal }).catch(() => false);
}
