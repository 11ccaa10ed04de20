import { CommandError } from "@goldenring/run-kit";
import { cutText, DIRECTION_WORDS, DIRECTIONS, type Direction, machineOf, type StandMachine } from "@goldenring/stand";
import * as z from "zod";
import {
  CHECK_DEADLINE_MS,
  FILE_MARK,
  faultKind,
  form,
  type MachineFault,
  mustHave,
  mustHold,
  NotAvailable,
  on,
  percent,
  type Site,
} from "./fault.ts";
import { hasNetworkFault } from "./lab-call.ts";

/** Packets of a machine get lost at random: outside of it in the lab, otherwise in its own kernel. */
export const loss = faultKind({
  form: form("loss", {
    percent,
    direction: z
      .enum(DIRECTIONS)
      .describe(
        "Seen from the machine. The same percentage both ways loses far more round trips: 40 % each way 64 % of them",
      ),
  }),
  about: "loses packets of a machine at random; direction out (what it sends), in or both",
  describe: ({ percent, direction }) => `loses ${percent} % ${DIRECTION_WORDS[direction]}`,
  async prepare({ percent, direction }, machine, site) {
    await mustBeWhole(machine, site);
    if (site.stand.lab)
      return { by: "lab", slot: NETWORK, inject: { do: "loss", percent, direction }, undo: { do: "heal" } };
    if (direction !== "in") await mustHaveNetem(machine);
    if (direction !== "out") await mustHave(machine, "nft");
    return lossInside(machine, percent, direction);
  },
});

/** What it sends by netem, what it gets by a rule in front of all others. Logins to it suffer, too; its own timer does not. */
function lossInside(machine: StandMachine, percent: number, direction: Direction): MachineFault {
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

/** What a machine sends is held back; in its own kernel, where that has netem. */
export const delay = faultKind({
  form: form("delay", {
    ms: z.number().min(1).max(10_000),
    jitterMs: z.number().min(0).max(10_000).default(0).describe("The delay varies by up to so much (ms)"),
  }),
  about: "delays packets that a machine sends (where its kernel has netem)",
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
});

/** A machine is cut off: from everything, or from some machines (a partition). */
export const cut = faultKind({
  form: form("cut", {
    from: z.array(on).min(1).optional().describe("Only from these targets. Default: from everything"),
    port: z.int().min(1).max(65_535).optional().describe("Only connections to this TCP port of the machine"),
    direction: z.enum(DIRECTIONS).default("both").describe("Seen from the machine: only what it receives, or sends"),
  }),
  about:
    "cuts a machine off: from everything or some machines, wholly or at one TCP port, both ways or in one direction",
  describe: ({ from, port, direction }) => `is ${cutText({ from: from?.join(", "), port, direction })}`,
  async prepare({ from, port, direction }, machine, site) {
    await mustBeWhole(machine, site);
    const others = from && [...new Set(from.flatMap(site.resolve))];
    if (others?.includes(machine.name))
      throw new CommandError(`${machine.name} cannot be cut off from itself.`, "usage");
    if (site.stand.lab) {
      const call = { do: "cut", ...(others && { from: others }), ...(port && { port }), direction } as const;
      return { by: "lab", slot: NETWORK, inject: call, undo: { do: "heal" } };
    }
    await mustHave(machine, "nft");
    const addresses = others?.map((name) => machineOf(site.stand, name).address);
    return cutInside(addresses, port, direction);
  },
});

/** By rules of its own. From everything spares ssh: by it the operator ends the fault. */
function cutInside(
  addresses: readonly string[] | undefined,
  port: number | undefined,
  direction: Direction,
): MachineFault {
  const named = addresses?.find((address) => !/^[0-9.]+$/.test(address));
  if (named !== undefined) throw new CommandError(`${named} is no IPv4 address: a cut needs one.`, "usage");
  const rule = (way: "in" | "out", [peer, own]: readonly [string, string]): string => {
    if (direction !== way && direction !== "both") return "accept";
    const ssh = addresses === undefined ? `tcp ${own} 22 accept; ` : "";
    const peers = addresses === undefined ? "" : `ip ${peer} { ${addresses.join(", ")} } `;
    return `${ssh}${peers}${port === undefined ? "" : `tcp ${own} ${port} `}drop`;
  };
  const [arriving, leaving] = [rule("in", ["saddr", "dport"]), rule("out", ["daddr", "sport"])];
  const rules = `table inet ${TABLE} { chain in { type filter hook input priority -400; iif lo accept; ${arriving}; }; chain out { type filter hook output priority -400; oif lo accept; ${leaving}; }; }`;
  return {
    by: "machine",
    slot: NETWORK,
    inject: `nft '${rules}'`,
    undo: `nft delete table inet ${TABLE} 2>/dev/null || :`,
    gone: `! nft list table inet ${TABLE} >/dev/null 2>&1`,
  };
}

/** A machine has one fault of the network at a time: the effects of two at once could not be distinguished. */
const NETWORK = "network";

/** Of the faults in nftables. */
const TABLE = FILE_MARK.replaceAll("-", "_");

/** Sets `dev` to the interface that has the machine's address, else to the one of the default route. */
function findDevice({ address }: StandMachine): string {
  const own = /^[0-9.]+$/.test(address) ? `$(ip -o addr show to ${address} | awk '{ print $2; exit }')` : "";
  return `dev=${own}; [ -n "$dev" ] || dev=$(ip -o route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1); [ -n "$dev" ] || { echo "no network interface was found" >&2; exit 1; }`;
}

/** @throws {CommandError} where the host already does something to the machine's network */
async function mustBeWhole(machine: StandMachine, { stand }: Site): Promise<void> {
  if (stand.lab && (await hasNetworkFault(stand.lab, machine.name)))
    throw new CommandError(`${machine.name} already has a fault of the network.`, "usage");
}

/** @throws {CommandError} where the kernel cannot hold packets back, or somebody else makes it do so */
async function mustHaveNetem(machine: StandMachine): Promise<void> {
  await mustHold(machine, "command -v tc >/dev/null", "tc is not installed there");
  await mustHold(machine, "! tc qdisc show | grep ' netem '", "tc netem is in use there already");
  // On the loopback interface, where it changes nothing.
  const attempt = "modprobe -q sch_netem; tc qdisc add dev lo root netem delay 0ms && tc qdisc del dev lo root";
  const { code } = await machine.run(attempt, { deadlineMs: CHECK_DEADLINE_MS });
  if (code !== 0) throw new NotAvailable("Holding packets back", `the kernel of ${machine.name} has no netem`);
}

const REMOVE_NETEM =
  "for dev in $(tc qdisc show | awk '$2 == \"netem\" { print $5 }' | sort -u); do tc qdisc del dev $dev root; done";
const NO_NETEM = "! tc qdisc show | grep -q ' netem '";
