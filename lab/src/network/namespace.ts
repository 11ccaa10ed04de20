import { existsSync } from "node:fs";
import { isAlive, processesInNetwork, signal, startOf, waitUntil } from "../host/processes.ts";
import type { AddressPlan } from "../plan.ts";
import { LabProblem } from "../problem.ts";
import { type Command, run, runOrFail } from "../run.ts";

/** Longer than anybody waits: the abort signal comes first. */
const WAIT_MS = 600_000;

/** Name of the bridge; it stands alone in its namespace. */
export const BRIDGE = "ring";

export const namespaceFile = (namespace: string): string => `/run/netns/${namespace}`;

/** The command in the stand's network. Not `ip netns exec`: that would mount a fresh /sys without the cgroups. */
export function inside(namespace: string, command: Command): Command {
  return ["nsenter", `--net=${namespaceFile(namespace)}`, "--", ...command];
}

/**
 * The namespace with its bridge: the operator's address, the stand's own route, and no other. A second call changes nothing.
 */
export async function openNetwork(namespace: string, plan: AddressPlan): Promise<void> {
  if (!existsSync(namespaceFile(namespace))) await runOrFail(["ip", "netns", "add", namespace]);
  const { code, stdout } = await run(inside(namespace, ["ip", "-4", "-o", "address", "show", "dev", BRIDGE, "up"]));
  if (code === 0 && stdout.includes(` ${plan.operator}/${plan.prefix} `)) return;
  // An interrupted run may have left any part of it.
  await run(inside(namespace, ["ip", "link", "delete", BRIDGE]));
  const steps = [
    "link set lo up",
    `link add ${BRIDGE} type bridge forward_delay 0 mcast_snooping 0`,
    `link set ${BRIDGE} addrgenmode none`,
    `address add ${plan.operator}/${plan.prefix} dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ].join("\n");
  await runOrFail(inside(namespace, ["ip", "-batch", "-"]), { input: `${steps}\n` });
}

/** What still runs in the stand's network (ssh connections, port forwards, clients) ends; so does the namespace, with bridge and rules. */
export async function closeNetwork(namespace: string): Promise<void> {
  const file = namespaceFile(namespace);
  if (!existsSync(file)) return;
  await endProcessesInside(file);
  await runOrFail(["ip", "netns", "delete", namespace]);
}

async function endProcessesInside(file: string): Promise<void> {
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    const pids = await processesInNetwork(file);
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, name);
    await waitUntil(async () => (await processesInNetwork(file)).length === 0, 2_000);
  }
  const [left] = await processesInNetwork(file);
  if (left === undefined) return;
  const id = { pid: left, startedAt: (await startOf(left)) ?? "" };
  if (await isAlive(id)) throw new LabProblem(`Process ${left} works in the stand's network and cannot be ended.`);
}

const link = (machine: string): string => `vb-${machine}`;

/** As if the cable were pulled: from now on not one packet of the machine gets out. */
export async function pullCable(namespace: string, machine: string): Promise<void> {
  // Without its interface the machine has no network in any case.
  await run(inside(namespace, ["ip", "link", "set", link(machine), "down"]));
}

/** Resolves when the machine accepts connections on its ssh port: true; or at the abort: false. */
export async function waitForSsh(namespace: string, address: string, signal: AbortSignal): Promise<boolean> {
  const ask = 'until (exec 3<>"/dev/tcp/$0/22") 2>/dev/null; do sleep 0.1; done';
  const { code } = await run(inside(namespace, ["bash", "-c", ask, address]), { deadlineMs: WAIT_MS, signal });
  return code === 0;
}
