import { setTimeout as delay } from "node:timers/promises";
import type { Note } from "./journal.ts";
import { type MachineState, mayAct, nextState, type Observation } from "./machine-state.ts";

/** One machine under watch. */
export interface Watched {
  readonly name: string;
  /** Rejects when it cannot be told. */
  readonly isOff: () => Promise<boolean>;
  readonly pollMs: number;
  /** Begins the answer to one event; its `attempt` is repeated until it says that nothing is left. */
  readonly respond: (isStillOff: () => Promise<boolean>) => { attempt(): Promise<boolean> };
}

export interface WatchedState {
  readonly state: MachineState;
  readonly fence: Observation;
}

/** Milliseconds. A fence that is not even late but silent knows nothing. */
const FENCE_DEADLINE = 15_000;
const RETRY = 250;
/** After that long, Patroni and HAProxy have long helped themselves. */
const PATIENCE = 120_000;

/** Watches one machine until the signal comes. Never rejects. */
export async function watch(
  { name, isOff, pollMs, respond }: Watched,
  note: Note,
  onState: (state: WatchedState) => void,
  signal: AbortSignal,
): Promise<void> {
  let state: MachineState = "on";
  let fence: Observation = "not off";
  let response: ReturnType<Watched["respond"]> | undefined;
  let actingSince = 0;

  const say = (event: string, detail?: string): void =>
    note({ machine: name, event, ...(detail === undefined ? {} : { detail }) });
  const observe = async (): Promise<Observation> => {
    try {
      return (await within(isOff(), FENCE_DEADLINE)) ? "off" : "not off";
    } catch (error) {
      if (fence !== "unknown") say("cannot be told", error instanceof Error ? error.message : String(error));
      return "unknown";
    }
  };
  const isStillOff = async (): Promise<boolean> => (await observe()) === "off";

  while (!signal.aborted) {
    const before: MachineState = state;
    fence = await observe();
    state = nextState(before, fence);
    if (before !== state) {
      if (state === "on") say(before === "suspected" ? "is not off after all" : "is back");
      if (state === "acting") {
        say("is off");
        response = respond(isStillOff);
        actingSince = performance.now();
      }
    }
    onState({ state, fence });
    if (mayAct(state, fence) && response !== undefined && !signal.aborted) {
      const isDone = await response.attempt();
      if (isDone || performance.now() - actingSince > PATIENCE) {
        state = "handled";
        say(isDone ? "handled" : "given up");
        onState({ state, fence });
      }
    }
    if (state === "suspected") continue;
    await delay(state === "acting" ? RETRY : pollMs, undefined, { signal }).catch(() => {});
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
