import { type Completed, type RunOptions, runProgram } from "../computer/run-program.ts";
import { shellQuote } from "../computer/shell-words.ts";
import type { Inventory, Machine } from "../inventory/inventory.ts";

/** Exit code of ssh when it could not connect or lost the connection. */
export const SSH_FAILED = 255;

/**
 * Of an option that is given twice ssh takes the first, so these yield to the inventory's.
 * BatchMode: never ask; without a terminal that would never end.
 */
const DEFAULTS = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];

/**
 * Argv of an ssh that runs a shell command line on the machine as root. It gets the whole environment: a ProxyCommand of the operator's
 * configuration may need any of it.
 */
export function sshCommand(machine: Machine, remoteCommand: string): string[] {
  const command = machine.ssh.sudo ? `sudo -n -- sh -c ${shellQuote(remoteCommand)}` : remoteCommand;
  return [...ssh(machine, []), command];
}

/** Argv of an ssh that shares no connection with others, and so is not lost with one. */
export function sshAlone(machine: Machine, remoteCommand: string): string[] {
  const [program = "ssh", ...rest] = sshCommand(machine, remoteCommand);
  return [program, "-o", "ControlMaster=no", "-o", "ControlPath=none", ...rest];
}

/** Argv of an ssh that opens a login shell, for a person at a terminal. */
export function sshTerminal(machine: Machine): string[] {
  return [...ssh(machine, ["-t"]), machine.ssh.sudo ? "sudo -i" : "exec $SHELL -l"];
}

function ssh({ address, ssh: { user, port, keyFile, args } }: Machine, options: readonly string[]): string[] {
  return [
    "ssh",
    ...options,
    ...args,
    ...DEFAULTS,
    ...(keyFile === undefined ? [] : ["-i", keyFile]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
    "--",
    address,
  ];
}

/**
 * Runs a shell command line on a machine as root.
 *
 * Never rejects: 255 (SSH_FAILED) when the machine could not be reached, 124 (DEADLINE_EXCEEDED) at the deadline. At the deadline the command may
 * still be running on the machine.
 */
export function runOn(machine: Machine, command: string, options: RunOptions): Promise<Completed> {
  return runProgram(sshCommand(machine, command), { environment: process.env, ...options });
}

/** The command, run where the stand's machines can be reached: in the lab inside its network namespace. */
export function inNamespace(inventory: Pick<Inventory, "labNamespace">, argv: readonly string[]): string[] {
  if (inventory.labNamespace === undefined) return [...argv];
  // Not `ip netns exec`: that puts a fresh /sys over the cgroups.
  return ["nsenter", `--net=/run/netns/${inventory.labNamespace}`, "--", ...argv];
}
