import { DIRECTION_WORDS, DIRECTIONS, type StandMachine } from "@goldenring/stand";
import * as z from "zod";
import { type FaultKind, type MachineFault, mustHave, on, percent } from "./fault.ts";
import { findDevice, mustBeWhole, mustHaveNetem, NETWORK, NO_NETEM, REMOVE_NETEM, TABLE } from "./network.ts";

const form = z.object({
  fault: z.literal("loss"),
  on,
  percent,
  /** Seen from the machine. The same percentage both ways loses far more round trips: 40 % each way 64 % of them. */
  direction: z.enum(DIRECTIONS),
});
type Loss = z.infer<typeof form>;

/** Packets of a machine get lost at random: outside of it in the lab, otherwise in its own kernel. */
export const loss: FaultKind<typeof form> = {
  form,
  about: "loses packets of a machine at random; direction out (what it sends), in or both",
  describe: ({ percent, direction }) => `loses ${percent} % ${DIRECTION_WORDS[direction]}`,
  async prepare({ percent, direction }, machine, site) {
    await mustBeWhole(machine, site);
    if (site.stand.lab)
      return { by: "lab", slot: NETWORK, inject: { do: "loss", percent, direction }, undo: { do: "heal" } };
    if (direction !== "in") await mustHaveNetem(machine);
    if (direction !== "out") await mustHave(machine, "nft");
    return lossInside(machine, { percent, direction });
  },
};

/** What it sends by netem, what it gets by a rule in front of all others. Logins to it suffer, too; its own timer does not. */
function lossInside(machine: StandMachine, { percent, direction }: Pick<Loss, "percent" | "direction">): MachineFault {
  const sends = `tc qdisc add dev "$dev" root netem loss ${percent}%`;
  const rules = `table netdev ${TABLE} { chain in { type filter hook ingress device \\"$dev\\" priority 0; numgen random mod 10000 < ${Math.min(9_999, Math.round(percent * 100))} counter drop; } }`;
  const gets = `nft "${rules}"`;
  const inject = { out: sends, in: gets, both: `${sends} && ${gets}` }[direction];
  return {
    by: "machine",
    slot: NETWORK,
    inject: `${findDevice(machine)}; ${inject}`,
    undo: `${direction === "in" ? "" : `${REMOVE_NETEM}; `}${direction === "out" ? ":" : `nft delete table netdev ${TABLE} 2>/dev/null || :`}`,
    gone: `${direction === "in" ? ":" : NO_NETEM} && ${direction === "out" ? ":" : `! nft list table netdev ${TABLE} >/dev/null 2>&1`}`,
  };
}
