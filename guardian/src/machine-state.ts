/** What the fence said about a machine. */
export type Observation = "off" | "not off" | "unknown";

/**
 * What the guardian makes of it. An event begins with `suspected` and ends with `on`:
 *
 *     on -> suspected -> acting -> handled -> on
 *
 * Only `acting` acts. What cannot be told never moves a machine towards acting.
 */
export type MachineState = "on" | "suspected" | "acting" | "handled";

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

/** Whether to act now: an event goes on while its machine cannot be told about, but nothing is done then. */
export function mayAct(state: MachineState, observation: Observation): boolean {
  return state === "acting" && observation === "off";
}
