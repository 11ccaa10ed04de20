import * as z from "zod";
import { type FaultKind, on } from "./fault.ts";
import { findDevice, mustBeWhole, mustHaveNetem, NETWORK, NO_NETEM, REMOVE_NETEM } from "./network.ts";

const form = z.object({
  fault: z.literal("delay"),
  on,
  ms: z.number().min(1).max(10_000),
  /** The delay varies by up to so much, ms. */
  jitterMs: z.number().min(0).max(10_000).default(0),
});

/** What a machine sends is held back; in its own kernel, where that has netem. */
export const delay: FaultKind<typeof form> = {
  form,
  about: "holds back what a machine sends (where its kernel has netem)",
  describe: ({ ms, jitterMs }) =>
    `what it sends comes ${ms} ms late${jitterMs > 0 ? `, give or take ${jitterMs} ms` : ""}`,
  async prepare({ ms, jitterMs }, machine, site) {
    await mustBeWhole(machine, site);
    await mustHaveNetem(machine);
    return {
      by: "machine",
      slot: NETWORK,
      inject: `${findDevice(machine)}; tc qdisc add dev "$dev" root netem delay ${ms}ms ${jitterMs}ms`,
      undo: REMOVE_NETEM,
      gone: NO_NETEM,
    };
  },
};
