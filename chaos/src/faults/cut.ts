import { CommandError } from "@goldenring/run-kit";
import { machineOf } from "@goldenring/stand";
import * as z from "zod";
import { type FaultKind, type MachineFault, mustHave, on } from "./fault.ts";
import { mustBeWhole, NETWORK, TABLE } from "./network.ts";

const form = z.object({
  fault: z.literal("cut"),
  on,
  /** Only from these; default: from everything. */
  from: z.array(on).min(1).optional(),
});

/** A machine is cut off: from everything, or from some machines (a partition). */
export const cut: FaultKind<typeof form> = {
  form,
  about: "cuts a machine off: from everything, or from some machines",
  describe: ({ from }) => `is cut off from ${from?.join(", ") ?? "everything"}`,
  async prepare({ from }, machine, site) {
    await mustBeWhole(machine, site);
    const others = from && [...new Set(from.flatMap(site.resolve))];
    if (others?.includes(machine.name))
      throw new CommandError(`${machine.name} cannot be cut off from itself.`, "usage");
    if (site.stand.lab) {
      const call = { do: "cut" as const, ...(others ? { from: others } : {}) };
      return { by: "lab", slot: NETWORK, inject: call, undo: { do: "heal" } };
    }
    await mustHave(machine, "nft");
    return cutInside(others?.map((name) => machineOf(site.stand, name).address));
  },
};

/** By rules of its own. From everything spares ssh: by it the operator ends the fault. */
function cutInside(addresses: readonly string[] | undefined): MachineFault {
  const named = addresses?.find((address) => !/^[0-9.]+$/.test(address));
  if (named !== undefined) throw new CommandError(`${named} is no IPv4 address: a cut needs one.`, "usage");
  const list = addresses?.join(", ");
  const [arriving, leaving] =
    list === undefined
      ? ["tcp dport 22 accept; drop", "tcp sport 22 accept; drop"]
      : [`ip saddr { ${list} } drop`, `ip daddr { ${list} } drop`];
  const rules = `table inet ${TABLE} { chain in { type filter hook input priority -400; iif lo accept; ${arriving}; }; chain out { type filter hook output priority -400; oif lo accept; ${leaving}; }; }`;
  return {
    by: "machine",
    slot: NETWORK,
    inject: `nft '${rules}'`,
    undo: `nft delete table inet ${TABLE} 2>/dev/null || :`,
    gone: `! nft list table inet ${TABLE} >/dev/null 2>&1`,
  };
}
