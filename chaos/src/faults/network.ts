import { CommandError } from "@goldenring/run-kit";
import type { StandMachine } from "@goldenring/stand";
import { FILE_MARK, mustHold, type Site } from "./fault.ts";
import { hasNetworkFault } from "./lab-call.ts";

/** A machine has one fault of the network at a time: two at once could not be told apart in what they do. */
export const NETWORK = "network";

/** Of the faults in nftables. */
export const TABLE = FILE_MARK.replaceAll("-", "_");

/** Sets `dev` to the interface that has the machine's address, else to the one of the default route. */
export function findDevice({ address }: StandMachine): string {
  const own = /^[0-9.]+$/.test(address) ? `$(ip -o addr show to ${address} | awk '{ print $2; exit }')` : "";
  return `dev=${own}; [ -n "$dev" ] || dev=$(ip -o route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1); [ -n "$dev" ] || { echo "no network interface was found" >&2; exit 1; }`;
}

/** @throws {CommandError} where the host already does something to the machine's network */
export async function mustBeWhole(machine: StandMachine, { stand }: Site): Promise<void> {
  if (stand.lab && (await hasNetworkFault(stand.lab, machine.name)))
    throw new CommandError(`${machine.name} already has a fault of the network.`, "usage");
}

/** @throws {CommandError} where the kernel cannot hold packets back, or somebody else makes it do so */
export async function mustHaveNetem(machine: StandMachine): Promise<void> {
  await mustHold(machine, "command -v tc >/dev/null", "tc is not installed there");
  await mustHold(machine, "! tc qdisc show | grep ' netem '", "tc netem is in use there already");
  // On the loopback interface, where it changes nothing.
  const attempt = "modprobe -q sch_netem; tc qdisc add dev lo root netem delay 0ms && tc qdisc del dev lo root";
  await mustHold(machine, attempt, "its kernel has no netem, so this is not available here");
}

/** Takes netem away wherever it is. */
export const REMOVE_NETEM =
  "for dev in $(tc qdisc show | awk '$2 == \"netem\" { print $5 }' | sort -u); do tc qdisc del dev $dev root; done";
export const NO_NETEM = "! tc qdisc show | grep -q ' netem '";
