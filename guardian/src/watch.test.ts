import { expect, test } from "bun:test";
import type { Observation } from "./machine-state.ts";
import { watch } from "./watch.ts";

/**
 * Runs a watch over a sequence of what the fence says (the last repeats), until it has been asked that often.
 *
 * @param attempts what each attempt of the answer returns (the last repeats)
 */
async function watchOver(says: readonly Observation[], attempts: readonly boolean[] = [true], asks = says.length) {
  const over = new AbortController();
  const events: string[] = [];
  const states: string[] = [];
  let asked = 0;
  let responses = 0;
  let attempted = 0;
  const isOff = async (): Promise<boolean> => {
    const answer = says[Math.min(asked, says.length - 1)];
    asked += 1;
    if (asked >= asks) over.abort();
    if (answer === "unknown") throw new Error("no power interface");
    return answer === "off";
  };
  const respond = () => {
    responses += 1;
    return {
      async attempt() {
        attempted += 1;
        return attempts[Math.min(attempted, attempts.length) - 1] ?? true;
      },
    };
  };
  const watched = { name: "pg-01", isOff, pollMs: 1, respond };
  await watch(
    watched,
    ({ event }) => events.push(event),
    ({ state }) => states.push(state),
    over.signal,
  );
  return { events, states, responses, attempted };
}

test("a machine that is off is acted on once, however long it is off", async () => {
  const { events, responses, attempted } = await watchOver(["not off", "off", "off", "off", "off", "off"]);
  expect({ responses, attempted }).toEqual({ responses: 1, attempted: 1 });
  expect(events).toEqual(["is off", "handled"]);
});

test("a machine that is off again after it was back is acted on again", async () => {
  const { events, responses } = await watchOver(["off", "off", "not off", "off", "off", "off"]);
  expect(responses).toBe(2);
  expect(events).toEqual(["is off", "handled", "is back", "is off", "handled"]);
});

test("a machine of which the fence cannot tell is left alone, and that is said once", async () => {
  const { events, attempted } = await watchOver(["unknown", "unknown", "unknown", "unknown"]);
  expect(attempted).toBe(0);
  expect(events).toEqual(["cannot be told"]);
});

test("a machine that is back at the second look is left alone", async () => {
  const { events, attempted } = await watchOver(["off", "not off", "not off"]);
  expect(attempted).toBe(0);
  expect(events).toEqual(["is not off after all"]);
});

test("an answer that is not complete is tried again, but not while the fence cannot tell", async () => {
  const { events, responses, attempted } = await watchOver(
    ["off", "off", "unknown", "unknown", "off", "off", "off"],
    [false, false, true],
  );
  expect({ responses, attempted }).toEqual({ responses: 1, attempted: 3 });
  expect(events).toEqual(["is off", "cannot be told", "handled"]);
});

test("an answer that is not complete ends when the machine is back", async () => {
  const { events, attempted } = await watchOver(["off", "off", "off", "not off", "not off"], [false]);
  expect(attempted).toBe(2);
  expect(events).toEqual(["is off", "is back"]);
});
