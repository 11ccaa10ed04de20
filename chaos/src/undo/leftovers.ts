import { cutText, type Role, SSH_FAILED, type Stand, type StandMachine, shellQuote } from "@goldenring/stand";
import { FILE_MARK } from "../faults/fault.ts";
import { undoAllThere } from "./guard.ts";

const CHECK_DEADLINE_MS = 30_000;

/** What must run on a machine of a role. */
const UNITS: Readonly<Partial<Record<Role, readonly string[]>>> = {
  etcd: ["etcd"],
  postgres: ["patroni"],
  haproxy: ["haproxy"],
  ingress: ["haproxy"],
  api: ["goldenring-api"],
};
const OF_NODES = ["containerd", "kubelet", "kube-proxy", "coredns"];
const OF_CONTROL_PLANE = [
  ...OF_NODES,
  "kubernetes-etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "metrics-server",
];

/** A node of Kubernetes has no other part; one that runs pods of the API has its role, too. */
function unitsOf(roles: readonly Role[]): readonly string[] {
  if (!roles.includes("kubernetes")) return [...new Set(roles.flatMap((role) => UNITS[role] ?? []))];
  return roles.includes("api") ? OF_NODES : OF_CONTROL_PLANE;
}

export interface Leftover {
  readonly machine: string;
  readonly what: string;
}

/** Asks every machine, and the host, what they still have of faults, whatever is on disk here. An unreachable machine is a leftover, too. */
export async function findLeftovers(stand: Stand): Promise<readonly Leftover[]> {
  const all = [leftoversOfLab(stand), ...[...stand.machines, stand.operator].map(leftoversOn)];
  return (await Promise.all(all)).flat();
}

export async function undoOnMachines(stand: Stand): Promise<void> {
  const options = { deadlineMs: CHECK_DEADLINE_MS };
  const all = [...stand.machines, stand.operator];
  await Promise.all(all.map(({ faultFolder, run }) => run(undoAllThere(faultFolder), options)));
}

async function leftoversOn(machine: StandMachine): Promise<readonly Leftover[]> {
  const { name, roles, faultFolder, run } = machine;
  const { code, stdout, stderr } = await run(checkScript(faultFolder, unitsOf(roles)), {
    deadlineMs: CHECK_DEADLINE_MS,
  });
  if (code === 0) return stdout.split("\n").flatMap((what) => (what === "" ? [] : { machine: name, what }));
  const why = code === SSH_FAILED ? "cannot be reached" : `cannot be asked: ${(stderr || stdout).trim()}`;
  return [{ machine: name, what: why }];
}

/** One line for each thing that is left. Only processes of services count as stopped: a user may have stopped one on purpose. */
function checkScript(folder: string, units: readonly string[]): string {
  return [
    `for file in ${shellQuote(folder)}/*.undo; do [ ! -e "$file" ] || echo "an undo that has not run: $file"; done`,
    "if [ -d /run/systemd/system ]; then",
    `  systemctl list-units --all --plain --no-legend '${FILE_MARK}-*' | awk '{ print "unit " $1 }'`,
    `  for file in /run/systemd/system/*.d/${FILE_MARK}.conf; do [ ! -e "$file" ] || echo "a changed unit: $file"; done`,
    ...units.map(
      (unit) =>
        `  case $(systemctl is-active ${unit}) in active|activating|reloading) ;; *) echo "${unit} does not run" ;; esac`,
    ),
    "fi",
    `awk '$4 ~ "/bin/false$" { print "a program that cannot be started: " $5 }' /proc/self/mountinfo`,
    `if command -v nft >/dev/null; then nft list tables 2>/dev/null | grep ${FILE_MARK.replaceAll("-", "_")}; fi`,
    `if command -v tc >/dev/null; then tc qdisc show 2>/dev/null | grep ' netem '; fi`,
    "for process in /proc/[0-9]*; do",
    `  case $(cat $process/comm 2>/dev/null) in stress-ng*) grep -qs "${FILE_MARK}" $process/cgroup && echo "a stress process: \${process#/proc/}" ;; esac`,
    `  grep -qs '^State:.T (stopped)' $process/status && grep -qs '\\.service' $process/cgroup && echo "a stopped process: \${process#/proc/}"`,
    "done",
    `find / -xdev -maxdepth 4 -name '.${FILE_MARK}-*' 2>/dev/null`,
    ":",
  ].join("\n");
}

async function leftoversOfLab({ lab, machines }: Stand): Promise<readonly Leftover[]> {
  if (!lab) return [];
  const { loss, cut, disk } = await lab.faults();
  const off = await Promise.all(machines.map(async ({ name }) => ((await lab.isOff(name)) ? [name] : [])));
  return [
    ...Object.keys(loss).map((machine) => ({ machine, what: "its packets get lost" })),
    ...cut.map((each) => ({ machine: each.machine, what: `is ${cutText(each)}` })),
    ...disk.map((machine) => ({ machine, what: "its disk is stalled or slowed down" })),
    ...off.flat().map((machine) => ({ machine, what: "is off" })),
  ];
}
