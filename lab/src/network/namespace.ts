import { existsSync } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { CommandError } from "@goldenring/run-kit";
import { inNamespace, type RunOptions, runOrThrow, runProgram, signalPid, waitUntil } from "@goldenring/stand";
import { type AddressPlan, MACHINE_NAMES, planMachines, podsOf } from "../plan.ts";
import { A_MINUTE } from "../task.ts";

const END_MS = 2_000;

/** Name of the bridge, the only one in its namespace. */
const BRIDGE = "ring";

export const namespaceFile = (namespace: string): string => `/run/netns/${namespace}`;

/** The command in the stand's network. */
export const inside = (namespace: string, command: readonly string[]): string[] =>
  inNamespace({ labNamespace: namespace }, command);

const ip = (namespace: string, ...args: string[]) => runProgram(inside(namespace, ["ip", ...args]), A_MINUTE);

/** The namespace with its bridge: the operator's address, the stand's own route, and no other. A second call changes nothing. */
export async function openNetwork(namespace: string, { network, operator, prefix }: AddressPlan): Promise<void> {
  if (!existsSync(namespaceFile(namespace))) await runOrThrow(["ip", "netns", "add", namespace], A_MINUTE);
  await runOrThrow(inside(namespace, ["nft", "-f", "-"]), { ...A_MINUTE, input: portRules(network) });
  const { code, stdout } = await ip(namespace, "-4", "-o", "address", "show", "dev", BRIDGE, "up");
  if (code === 0 && stdout.includes(` ${operator}/${prefix} `)) return;
  // An interrupted run may have left any part of it.
  await ip(namespace, "link", "delete", BRIDGE);
  const steps = [
    "link set lo up",
    `link add ${BRIDGE} type bridge forward_delay 0 mcast_snooping 0`,
    `link set ${BRIDGE} addrgenmode none`,
    `address add ${operator}/${prefix} dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ].join("\n");
  await runOrThrow(inside(namespace, ["ip", "-batch", "-"]), { ...A_MINUTE, input: `${steps}\n` });
}

/**
 * A port of the bridge passes on what its machine, or a pod on it, sends with its own Ethernet and IPv4 address, and nothing else. For all machines that there may be:
 * those that a smaller stand will lose still serve.
 */
function portRules(network: string): string {
  const machines = planMachines(network, MACHINE_NAMES);
  const pods = machines.filter(({ isNode }) => isNode).map((node) => ({ ...node, address: podsOf(node) }));
  const ip = [...machines, ...pods].map(({ name, mac, address }) => `"vb-${name}" . ${mac} . ${address}`);
  const arp = machines.map(({ name, mac, address }) => `"vb-${name}" . ${mac} . ${mac} . ${address}`);
  return `
    table bridge ports
    delete table bridge ports
    table bridge ports {
      chain sent {
        type filter hook prerouting priority -1;
        iifname . ether saddr . ip saddr { ${ip.join(", ")} } accept
        iifname . ether saddr . arp saddr ether . arp saddr ip { ${arp.join(", ")} } accept
        counter drop
      }
    }
  `;
}

/** Ends what runs in the stand's network (ssh connections, forwards, clients), and the namespace with its bridge and rules. */
export async function closeNetwork(namespace: string): Promise<void> {
  const file = namespaceFile(namespace);
  if (!existsSync(file)) return;
  const isEmpty = async (): Promise<boolean> => (await processesInNetwork(file)).length === 0;
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    for (const pid of await processesInNetwork(file)) signalPid(pid, name);
    await waitUntil(isEmpty, { deadlineMs: END_MS, everyMs: 50 });
  }
  const [left] = await processesInNetwork(file);
  if (left !== undefined) {
    throw new CommandError(`Process ${left} runs in the stand's network and cannot be ended: see \`ps -fp ${left}\`.`);
  }
  await runOrThrow(["ip", "netns", "delete", namespace], A_MINUTE);
}

/** Processes in that network namespace, without this process and those that started it. */
async function processesInNetwork(namespaceFile: string): Promise<readonly number[]> {
  const network = `net:[${(await stat(namespaceFile)).ino}]`;
  const own = await ancestors(process.pid);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const isInside = await Promise.all(
    pids.map(async (pid) => (await readlink(`/proc/${pid}/ns/net`).catch(() => "")) === network),
  );
  return pids.filter((pid, index) => isInside[index] && !own.has(pid));
}

async function ancestors(pid: number): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (let next = pid; next > 0 && !found.has(next); ) {
    found.add(next);
    const status = await readFile(`/proc/${next}/status`, "utf8").catch(() => "");
    next = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1] ?? 0);
  }
  return found;
}

/** Pulls the cable: from here on no packet of the machine gets out. One without an interface has no network in any case. */
export async function pullCable(namespace: string, machine: string): Promise<void> {
  await ip(namespace, "link", "set", `vb-${machine}`, "down");
}

/** @returns whether the machine accepted a connection on its ssh port before the deadline and the abort */
export async function waitForSsh(namespace: string, address: string, options: RunOptions): Promise<boolean> {
  const script = 'until (exec 3<>"/dev/tcp/$0/22") 2>/dev/null; do sleep 0.1; done';
  return (await runProgram(inside(namespace, ["bash", "-c", script, address]), options)).code === 0;
}
