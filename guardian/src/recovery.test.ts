import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Verdict } from "./judge.ts";
import { afterFence, type Hands, recover, TURN_ON_AFTER_MS } from "./recovery.ts";

class Killed extends Error {}

interface World {
  /** Who holds the leader key; a primary that lives and holds none steps down. */
  leader: string | null;
  readonly off: Set<string>;
  /** What guardians noted in etcd. */
  readonly turnedOff: Set<string>;
  lockedBy: number | undefined;
  /** Whether Patroni can still move the primary away. */
  canSwitch: boolean;
  readonly dropped: string[];
}

const primary = "pg-01";
const candidate = "pg-02";

/**
 * The hands of one guardian. After so many steps it is killed: `before` the step has an effect, or after it.
 *
 * @param killAt counts the steps; undefined: it lives on
 */
function handsOf(world: World, holder: number, killAt?: { readonly step: number; readonly isBefore: boolean }) {
  let step = 0;
  const doing = async <Result>(effect: () => Result): Promise<Result> => {
    const isLast = killAt?.step === step;
    step += 1;
    if (killAt !== undefined && step - 1 > killAt.step) throw new Killed();
    if (isLast && killAt?.isBefore) throw new Killed();
    const result = effect();
    if (isLast) throw new Killed();
    return result;
  };
  const hands: Hands = {
    lock: () =>
      doing(() => {
        if (world.lockedBy !== undefined) return undefined;
        world.lockedBy = holder;
        return {
          confirm: () =>
            doing(() => {
              if (world.lockedBy !== holder) throw new Error("lost");
            }),
          release: () =>
            doing(() => {
              if (world.lockedBy === holder) world.lockedBy = undefined;
            }),
        };
      }),
    objection: () => doing(() => (world.leader === primary ? undefined : "it does not lead")),
    switchOver: (leader, to) =>
      doing(() => {
        if (!world.canSwitch || world.leader !== leader) throw new Error("no");
        world.leader = to;
      }),
    powerOff: (machine) => doing(() => void world.off.add(machine)),
    free: (machine) =>
      doing(() => {
        if (!world.off.has(machine)) throw new Error("a leader key was freed of a machine that is not off");
        if (world.leader === machine) world.leader = candidate;
      }),
    noteTurnedOff: (machine) => doing(() => void world.turnedOff.add(machine)),
    noteAction: () => doing(() => {}),
    dropStandby: (machine) => doing(() => void world.dropped.push(machine)),
  };
  return hands;
}

const worldOf = (canSwitch: boolean): World => ({
  leader: primary,
  off: new Set(),
  turnedOff: new Set(),
  lockedBy: undefined,
  canSwitch,
  dropped: [],
});
const verdictOf = (act: Verdict["act"]): Verdict => ({ act, machine: primary, candidate, why: ["it hangs"] });

/** No machine that another one replaced serves, and none is off without a note that turns it on again. */
function expectSafe(world: World): void {
  if (world.leader === candidate && !world.canSwitch) expect([...world.off]).toEqual([primary]);
  for (const machine of world.off) expect([...world.turnedOff]).toContain(machine);
}

/** Patroni replaces a machine that is off at the end of its leader key; locks end; the next guardian judges anew. */
async function nextGuardian(world: World, act: Verdict["act"]): Promise<void> {
  world.lockedBy = undefined;
  if (world.off.has(primary) && world.leader === primary) world.leader = candidate;
  if (world.leader === primary) await recover(verdictOf(act), handsOf(world, 2), () => {});
}

describe("a recovery", () => {
  test("turns a sick primary off for certain, and then frees its leader key", async () => {
    const world = worldOf(false);
    await recover(verdictOf("fence"), handsOf(world, 1), () => {});
    expect({
      leader: world.leader,
      off: [...world.off],
      turnedOff: [...world.turnedOff],
      lockedBy: world.lockedBy,
    }).toEqual({
      ...{ leader: candidate, off: [primary], turnedOff: [primary], lockedBy: undefined },
    });
  });

  test("leaves a primary on that still can switch over", async () => {
    const world = worldOf(true);
    await recover(verdictOf("switch over"), handsOf(world, 1), () => {});
    expect({ leader: world.leader, off: world.off.size }).toEqual({ leader: candidate, off: 0 });
  });

  test("turns off the one whose switchover does not end", async () => {
    const world = worldOf(false);
    await recover(verdictOf("switch over"), handsOf(world, 1), () => {});
    expect({ leader: world.leader, off: [...world.off] }).toEqual({ leader: candidate, off: [primary] });
  });

  test("does nothing while another guardian acts, or when the machine is well again", async () => {
    const world = { ...worldOf(false), lockedBy: 7 };
    await recover(verdictOf("fence"), handsOf(world, 1), () => {});
    expect(world.off.size).toBe(0);
    const healed = worldOf(false);
    const hands = { ...handsOf(healed, 1), objection: async () => "writes do not wait any more" };
    await recover(verdictOf("fence"), hands, () => {});
    expect({ off: healed.off.size, lockedBy: healed.lockedBy }).toEqual({ off: 0, lockedBy: undefined });
  });

  test("of a guardian that stood still until another one had the lock changes nothing", async () => {
    const world = worldOf(false);
    const hands = handsOf(world, 1);
    const late: Hands = {
      ...hands,
      noteTurnedOff: async (machine) => {
        await hands.noteTurnedOff(machine);
        world.lockedBy = 2;
      },
    };
    await expect(recover(verdictOf("fence"), late, () => {})).rejects.toThrow("lost");
    expect({ off: world.off.size, leader: world.leader }).toEqual({ off: 0, leader: primary });
  });
});

test("a guardian that is killed between any two steps leaves nothing that the next one, or Patroni, does not complete", async () => {
  const act = fc.constantFrom("fence" as const, "switch over" as const);
  await fc.assert(
    fc.asyncProperty(act, fc.boolean(), fc.nat(12), fc.boolean(), async (what, canSwitch, step, isBefore) => {
      const world = worldOf(canSwitch);
      await recover(verdictOf(what), handsOf(world, 1, { step, isBefore }), () => {}).catch((error) => {
        if (!(error instanceof Killed) && !/lost|no/.test(String(error))) throw error;
      });
      expectSafe(world);
      await nextGuardian(world, what);
      expectSafe(world);
      expect(world.leader).toBe(candidate);
    }),
    { numRuns: 400 },
  );
});

describe("a machine that a guardian turned off", () => {
  const seen = { isOff: true, leader: candidate, mayTurnOn: true };
  test.each([
    ["is turned on after the cool-down", TURN_ON_AFTER_MS, seen, "turn on"],
    ["stays off before", TURN_ON_AFTER_MS - 1, seen, "wait"],
    ["stays off while nobody has replaced it", 90_000, { ...seen, leader: primary }, "wait"],
    ["stays off while nobody leads", 90_000, { ...seen, leader: null }, "wait"],
    ["stays off where a person turns machines on", 90_000, { ...seen, mayTurnOn: false }, "wait"],
    ["is left alone while nobody can tell", 90_000, { ...seen, isOff: undefined }, "wait"],
    ["is forgotten when it runs", 20_001, { ...seen, isOff: false }, "forget"],
  ] as const)("%s", (_, agoMs, how, expected) => {
    expect(afterFence(primary, agoMs, how)).toBe(expected);
  });
});
