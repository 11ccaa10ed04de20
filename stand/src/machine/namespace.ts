import type { Inventory } from "../inventory/inventory.ts";

/** The command, run where the stand's machines can be reached: in the lab inside its network namespace. */
export function inNamespace(inventory: Pick<Inventory, "labNamespace">, argv: readonly string[]): string[] {
  if (inventory.labNamespace === undefined) return [...argv];
  // Not `ip netns exec`: that puts a fresh /sys over the cgroups.
  return ["nsenter", `--net=/run/netns/${inventory.labNamespace}`, "--", ...argv];
}
