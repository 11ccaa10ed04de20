import { join } from "node:path";
import { replaceFile } from "@goldenring/stand";
import { stringify } from "yaml";
import type { Folders } from "../folders.ts";
import { inside } from "../network/namespace.ts";
import { planAddresses, planAlertWebhook } from "../plan.ts";
import { machinesOf, type Settings } from "./settings.ts";

const HEADER = "# Written by the lab at each `ring up`; a change by hand does not last.\n";

export async function writeInventory(folders: Folders, settings: Settings): Promise<void> {
  replaceFile(folders.inventory, inventoryText(folders, settings), { mode: 0o600, durable: true });
}

/** The stand as an Ansible inventory: the one file that all other rooms and the playbook read. */
export function inventoryText(folders: Folders, settings: Settings): string {
  const plan = planAddresses(settings.network);
  const machines = machinesOf(settings);
  const roles = [...new Set(machines.map(({ role }) => role))];
  const groups = roles.map((role) => {
    const hosts = machines.filter((machine) => machine.role === role);
    return [role, { hosts: Object.fromEntries(hosts.map(({ name, address }) => [name, { ansible_host: address }])) }];
  });
  const vars = {
    stand_name: folders.namespace.replace("ring-", ""),
    stand_network: plan.network,
    operator_addresses: [plan.operator],
    stand_secrets: folders.secrets,
    rto: settings.rto,
    lab_namespace: folders.namespace,
    alert_webhook_url: planAlertWebhook(plan),
    ansible_user: "root",
    ansible_python_interpreter: "/usr/bin/python3",
    ansible_ssh_private_key_file: join(folders.ssh, "id_ed25519"),
    ansible_ssh_common_args: sshOptions(folders)
      .map((option) => `-o ${option}`)
      .join(" "),
  };
  return HEADER + stringify({ all: { vars, children: Object.fromEntries(groups) } }, { lineWidth: 0 });
}

/**
 * The machines are reached through the stand's network namespace. socat, since every netcat has other options; ssh's own keepalive ends
 * the pair of them when a machine has lost its power.
 */
function sshOptions(folders: Folders): readonly string[] {
  const way = inside(folders.namespace, ["socat", "-", "TCP:%h:%p"]).join(" ");
  return [
    `ProxyCommand="${way}"`,
    `UserKnownHostsFile=${join(folders.ssh, "known_hosts")}`,
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    "ConnectTimeout=5",
    "ServerAliveInterval=3",
    "ServerAliveCountMax=3",
    "ControlMaster=auto",
    "ControlPersist=60",
    `ControlPath=${folders.sockets}/%C`,
  ];
}
