import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "@goldenring/stand";
import type { FencingResponse } from "./fencing-response.ts";
import type { Note } from "./journal.ts";
import { type MachineState, mayAct, nextState, type Observation } from "./machine-state.ts";

export interface Watched {
  readonly name: string;
  /** Rejects when the fence gives no answer. */
  readonly isOff: () => Promise<boolean>;
  readonly pollMs: number;
  /** Starts the response to one event; it is attempted until it is complete. */
  readonly respond: (isStillOff: () => Promise<boolean>) => FencingResponse;
}

export interface WatchedState {
  readonly state: MachineState;
  readonly fence: Observation;
}

/** For a fence that does not end within a few seconds as it must. */
const FENCE_DEADLINE_MS = 15_000;
const RETRY_MS = 250;
/** After this time Patroni and HAProxy have recovered without the guardian. */
const GIVE_UP_MS = 120_000;

/** Watches one machine until the signal aborts. Never rejects. */
export async function watch(
  { name, isOff, pollMs, respond }: Watched,
  note: Note,
  onState: (state: WatchedState) => void,
  signal: AbortSignal,
): Promise<void> {
  let state: MachineState = "on";
  let fence: Observation = "not off";
  let response: FencingResponse | undefined;
  let actingSince = 0;

  const observe = async (): Promise<Observation> => {
    try {
      return (await within(isOff(), FENCE_DEADLINE_MS)) ? "off" : "not off";
    } catch (error) {
      const detail = messageOf(error);
      if (fence !== "unknown") note({ machine: name, event: "cannot be told", detail });
      return "unknown";
    }
  };
  const isStillOff = async (): Promise<boolean> => (await observe()) === "off";

  while (!signal.aborted) {
    const before: MachineState = state;
    fence = await observe();
    state = nextState(before, fence);
    if (state === "on" && before !== "on") {
      note({ machine: name, event: before === "suspected" ? "is not off after all" : "is back" });
    }
    if (state === "acting" && before === "suspected") {
      note({ machine: name, event: "is off" });
      response = respond(isStillOff);
      actingSince = performance.now();
    }
    onState({ state, fence });
    if (mayAct(state, fence) && response !== undefined && !signal.aborted) {
      const isComplete = await response.attempt();
      if (isComplete || performance.now() - actingSince > GIVE_UP_MS) {
        state = "handled";
        note({ machine: name, event: isComplete ? "handled" : "given up" });
        onState({ state, fence });
      }
    }
    if (state === "suspected") continue;
    await delay(state === "acting" ? RETRY_MS : pollMs, undefined, { signal }).catch(() => {});
  }
}

async function within<Value>(work: Promise<Value>, deadlineMs: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
