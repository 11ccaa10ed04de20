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
  const clock = new Alarm(stop);
  for (let slot = 0; await clock.wakesAt(from + slot * intervalMs); ) {
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

class Alarm {
  #timer: NodeJS.Timeout | undefined;
  #wake: (inTime: boolean) => void = () => {};
  #stopped: boolean;

  constructor(stop: AbortSignal) {
    this.#stopped = stop.aborted;
    stop.addEventListener("abort", () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
      this.#wake(false);
    });
  }

  /** False when the signal comes first. */
  wakesAt(moment: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#stopped) return resolve(false);
      this.#wake = resolve;
      this.#timer = setTimeout(() => resolve(true), Math.max(0, moment - monotonicMs()));
    });
  }
}
