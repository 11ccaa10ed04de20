export const OBSERVATIONS = ["off", "not off", "unknown"] as const;
/** What the fence answered about a machine; `unknown` when it gave no answer. */
export type Observation = (typeof OBSERVATIONS)[number];

export const MACHINE_STATES = ["on", "suspected", "acting", "handled"] as const;
/**
 * What the guardian makes of it. An event starts with `suspected` and ends with `on`:
 *
 *     on -> suspected -> acting -> handled -> on
 *
 * Only `acting` acts. `unknown` never moves a machine towards acting.
 */
export type MachineState = (typeof MACHINE_STATES)[number];

export function nextState(state: MachineState, observation: Observation): MachineState {
  if (observation === "not off") return "on";
  switch (state) {
    case "on":
      return observation === "off" ? "suspected" : "on";
    case "suspected":
      return observation === "off" ? "acting" : "on";
    case "acting":
    case "handled":
      return state;
  }
}

/** Whether to act now: while the fence gives no answer an event goes on, but nothing is changed. */
export function mayAct(state: MachineState, observation: Observation): boolean {
  return state === "acting" && observation === "off";
}
