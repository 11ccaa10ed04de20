import type { Machine } from "@goldenring/stand";
import type { Declared, Expected, Fault, Site } from "./fault.ts";
import { cpuLoad, diskFilled, type MachineFault, memoryInUse, postgresKeptDead, stopped } from "./machine-fault.ts";

const on = (alert: string, machine: Machine): Expected => ({ alert, labels: { machine: machine.name } });

const LEADER_MOVES: readonly Declared[] = [
  { alert: "PatroniTimelineChanged", why: "for information: another member leads" },
  { alert: "PostgresqlRestarted", why: "for information: who led follows now" },
];
const REPLICA_AWAY: readonly Declared[] = [
  { alert: "HaproxyHasNoReplica", why: "the only one is away" },
  { alert: "PostgresqlSynchronousStandbyMissing", why: "the only standby is away" },
  { alert: "PostgresqlReplicaNotStreaming", why: "it comes back and catches up" },
  { alert: "PostgresqlReplicationLag", why: "the same" },
  { alert: "PostgresqlRestarted", why: "for information: it comes back" },
];
const ETCD_AWAY: readonly Declared[] = [
  { alert: "EtcdMemberDown", why: "each one that is away" },
  { alert: "EtcdFrequentLeaderChanges", why: "round follows round within its 15 minutes" },
];

/** The faults of CE-04 and of the bars of monitoring. */
export const FAULTS: readonly Fault[] = [
  {
    name: "cpu",
    about: "CPU of the primary's machine at 100 %, 240 s",
    expected: ({ primary }) => on("NodeExporterHostHighCpuLoad", primary),
    declared: [],
    report: "no alert",
    ...onMachines(({ primary }) => [primary], cpuLoad(240)),
  },
  {
    name: "memory",
    about: "80 % of the memory of the primary's machine in use",
    expected: ({ primary }) => on("NodeExporterHostOutOfMemory", primary),
    declared: [],
    report: "152 s",
    ...onMachines(({ primary }) => [primary], memoryInUse(80)),
  },
  {
    name: "disk",
    about: "disk of the primary's machine filled to 92 %",
    expected: ({ primary }) => on("NodeExporterHostOutOfDiskSpace", primary),
    declared: [],
    report: "168 s",
    ...onMachines(({ primary }) => [primary], diskFilled(92)),
  },
  {
    name: "machine-off",
    about: "power of the replica's machine taken",
    expected: ({ replica }) => on("MachineDown", replica),
    declared: REPLICA_AWAY,
    inject: ({ stand, replica }) => stand.ring("power", "off", replica.name),
    undo: ({ stand, replica }) => stand.ring("power", "on", replica.name),
  },
  {
    name: "postgres-killed",
    about: "SIGKILL of the primary's postgres, which cannot be started again",
    expected: ({ primary }) => on("PostgresqlDown", primary),
    declared: [...LEADER_MOVES, ...REPLICA_AWAY],
    ...onMachines(({ primary }) => [primary], postgresKeptDead()),
  },
  {
    name: "etcd-member",
    about: "etcd stopped on one of three machines",
    expected: ({ etcd }) => on("EtcdMemberDown", first(etcd)),
    declared: ETCD_AWAY,
    report: "an alert, its delay not said",
    ...onMachines(({ etcd }) => etcd.slice(0, 1), stopped("etcd")),
  },
  {
    name: "etcd-no-leader",
    about: "etcd stopped on two of three machines",
    expected: () => ({ alert: "EtcdNoLeader", labels: {} }),
    declared: [
      ...ETCD_AWAY,
      { alert: "EtcdInsufficientMembers", why: "one of three is too few" },
      { alert: "PatroniFailsafeActive", why: "Patroni goes on without etcd" },
      { alert: "PatroniClusterUnlocked", why: "nobody can hold a key in an etcd without a leader" },
      { alert: "PatroniEtcdUnreachable", why: "etcd answers nobody" },
    ],
    ...onMachines(({ etcd }) => etcd.slice(0, 2), stopped("etcd")),
  },
  {
    name: "patroni-no-leader",
    about: "SIGKILL of postgres on both machines, where it cannot be started again",
    expected: () => ({ alert: "PatroniHasNoLeader", labels: {} }),
    declared: [
      ...LEADER_MOVES,
      ...REPLICA_AWAY,
      { alert: "PostgresqlDown", why: "both are" },
      { alert: "PatroniClusterUnlocked", why: "nobody can lead" },
      { alert: "HaproxyHasNoPrimary", why: "there is none" },
      { alert: "ProbeFailed", why: "HAProxy has nobody to send to at the ports of the database" },
      { alert: "ApiPrimaryUnreachable", why: "there is none" },
      { alert: "ApiStaleAnswers", why: "reads are answered from memory" },
      { alert: "ApiBarrierFailing", why: "reads cannot be confirmed" },
    ],
    // The replica first: nobody is left to take over.
    ...onMachines(({ primary, replica }) => [replica, primary], postgresKeptDead()),
  },
  {
    name: "api-replica",
    about: "one of three API replicas stopped",
    expected: ({ api }) => on("ApiReplicaDown", first(api)),
    declared: [{ alert: "ProbeFailed", why: "the replica's own probe" }],
    ...onMachines(({ api }) => api.slice(0, 1), stopped("goldenring-api")),
  },
  {
    name: "probe",
    about: "HAProxy of the ingress stopped: its probe fails",
    expected: () => ({ alert: "ProbeFailed", labels: { target: "ingress" } }),
    declared: [{ alert: "HaproxyDown", why: "its figures are away with it" }],
    ...onMachines(({ ingress }) => [ingress], stopped("haproxy")),
  },
];

/** What a planned switchover may say. */
export const SWITCHOVER: readonly Declared[] = LEADER_MOVES;

export function switchOver({ stand, primary, replica }: Site): Promise<unknown> {
  return stand.run(primary, `patronictl switchover --leader ${primary.name} --candidate ${replica.name} --force`);
}

/** The fault on each of the machines, one after another; healed on all at once. */
function onMachines(
  machines: (site: Site) => readonly Machine[],
  { inject, undo }: MachineFault,
): Pick<Fault, "inject" | "undo"> {
  return {
    inject: async (site) => {
      for (const machine of machines(site)) await site.stand.run(machine, inject);
    },
    undo: (site) => Promise.all(machines(site).map((machine) => site.stand.run(machine, undo))),
  };
}

function first(machines: readonly Machine[]): Machine {
  const [machine] = machines;
  if (machine === undefined) throw new Error("the stand has no such machine");
  return machine;
}
