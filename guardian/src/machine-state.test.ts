import { expect, test } from "bun:test";
import fc from "fast-check";
import { type MachineState, mayAct, nextState, type Observation } from "./machine-state.ts";

const observations = fc.array(fc.constantFrom<Observation>("off", "not off", "unknown"));

/** The state after each observation, as the watch leads it. */
function statesAfter(seen: readonly Observation[]): MachineState[] {
  let state: MachineState = "on";
  return seen.map((observation) => {
    state = nextState(state, observation);
    return state;
  });
}

test("nothing is done unless the machine was seen off twice running, and is seen off now", () => {
  fc.assert(
    fc.property(observations, (seen) => {
      for (const [index, state] of statesAfter(seen).entries()) {
        const observation = seen[index] ?? "unknown";
        if (!mayAct(state, observation)) continue;
        const lastOn = seen.lastIndexOf("not off", index);
        const since = seen.slice(lastOn + 1, index + 1);
        expect(observation).toBe("off");
        expect(since.join()).toContain("off,off");
      }
    }),
  );
});

test("a machine of which nothing can be told is never acted on, however often it is asked about", () => {
  expect(statesAfter(["unknown", "unknown", "unknown"])).toEqual(["on", "on", "on"]);
});

test("one sight of a machine being off is forgotten when the next cannot be told", () => {
  expect(statesAfter(["off", "unknown", "off", "off"])).toEqual(["suspected", "on", "suspected", "acting"]);
});

test("an event goes on while the machine cannot be told about, without acting, and ends when it is not off", () => {
  expect(statesAfter(["off", "off", "unknown", "off", "not off"])).toEqual([
    ...(["suspected", "acting", "acting", "acting", "on"] as const),
  ]);
  expect(mayAct("acting", "unknown")).toBe(false);
  expect(nextState("handled", "unknown")).toBe("handled");
  expect(nextState("handled", "off")).toBe("handled");
});
