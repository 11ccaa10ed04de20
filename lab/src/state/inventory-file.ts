import { join } from "node:path";
import { replaceFile } from "@goldenring/stand";
import { stringify } from "yaml";
import type { Folders } from "../folders.ts";
import { imageFolder } from "../image/image.ts";
import { inside } from "../network/namespace.ts";
import { type PlannedMachine, planAddresses, planAlertWebhook, podsOf } from "../plan.ts";
import type { Settings } from "./settings.ts";

const HEADER = "# Written by the lab at each `ring up`; changes by hand are lost.\n";

/** Writes the stand as an Ansible inventory, which the playbook and all other rooms read. */
export function writeInventory(
  folders: Folders,
  { rto, network, replica, pods, programs }: Pick<Settings, "rto" | "network" | "replica" | "pods" | "programs">,
  machines: readonly PlannedMachine[],
) {
  const plan = planAddresses(network);
  const groups = Map.groupBy(machines, ({ role }) => role);
  // Its first is the control plane; the others are also of the group api, where the ingress finds replicas.
  if (programs !== undefined)
    groups.set(
      "kubernetes",
      machines.filter(({ isNode }) => isNode),
    );
  const settingsOf = (machine: PlannedMachine) => ({
    ansible_host: machine.address,
    ...(machine.isNode ? { pod_network: podsOf(machine) } : {}),
  });
  const hostsOf = (hosts: readonly PlannedMachine[]) =>
    Object.fromEntries(hosts.map((machine) => [machine.name, settingsOf(machine)]));
  const children = Object.fromEntries([...groups].map(([role, hosts]) => [role, { hosts: hostsOf(hosts) }]));
  const vars = {
    stand_name: folders.namespace.replace("ring-", ""),
    stand_network: plan.network,
    operator_addresses: [plan.operator],
    stand_secrets: folders.secrets,
    rto,
    api_cpu_percent: Math.round(replica.cpu * 100),
    api_memory_mib: replica.memoryMiB,
    lab_namespace: folders.namespace,
    alert_webhook_url: planAlertWebhook(plan),
    ...(programs === undefined ? {} : { kubernetes_replicas: pods, ...wayToCluster(folders, programs) }),
    ansible_user: "root",
    ansible_python_interpreter: "/usr/bin/python3",
    ansible_ssh_private_key_file: join(folders.ssh, "id_ed25519"),
    ansible_ssh_common_args: sshOptions(folders)
      .map((option) => `-o ${option}`)
      .join(" "),
  };
  const text = HEADER + stringify({ all: { vars, children } }, { lineWidth: 0 });
  replaceFile(folders.inventory, text, { mode: 0o600, durable: true });
}

/** How the playbook reaches the cluster from this computer. */
function wayToCluster({ images, secrets }: Folders, programs: string) {
  const folder = join(imageFolder(images, programs), "bin");
  return {
    kubernetes_kubeconfig: join(secrets, "kubernetes.kubeconfig"),
    kubernetes_kubectl: join(folder, "kubectl"),
    kubernetes_helm: join(folder, "helm"),
  };
}

/**
 * ssh enters the stand's network namespace. It uses socat, since netcats differ in their options; ssh's own keepalive ends both when a
 * machine has lost its power.
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
