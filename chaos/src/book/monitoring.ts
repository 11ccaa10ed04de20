import { atMost, below, none } from "../experiment/expect.ts";
import type { Expectation, ExperimentInput } from "../experiment/experiment.ts";
import { EXPECTED } from "../judge/monitoring-figures.ts";
import { killPostgres, type Use } from "./single-faults.ts";

/** From the fault to the first notification. */
const CRITICAL_MS = 90_000;
const OTHER_MS = 180_000;
const RESOLVED_MS = 300_000;
/** An alert that is late may still come, so that its delay is known. */
const LATE_S = 60;
/** The fault goes on that long after its alert: it must not bring undeclared ones. */
const AFTERMATH_S = 30;
const PROMETHEUS_MEGABYTES = 300;
const REPLICA_CPU_PERCENT = 2;

type MayCome = NonNullable<Expectation["mayCome"]>;

const LEADER_MOVES: MayCome = [
  { alert: "PatroniTimelineChanged", why: "for information: another member leads" },
  { alert: "PostgresqlRestarted", why: "for information: the former leader follows" },
];
const REPLICA_LOST: MayCome = [
  { alert: "HaproxyHasNoReplica", why: "the only one is lost" },
  { alert: "PostgresqlSynchronousStandbyMissing", why: "the only standby is lost" },
  { alert: "PostgresqlReplicaNotStreaming", why: "it comes back and catches up" },
  { alert: "PostgresqlReplicationLag", why: "it comes back and catches up" },
  { alert: "PostgresqlRestarted", why: "for information: it comes back" },
  { alert: "PostgresqlReplicaNotHealing", why: "no copy helps a server that may not start" },
  { alert: "GuardianActed", why: "it frees what waits for a machine that is off" },
];
const ETCD_LOST: MayCome = [
  { alert: "EtcdMemberDown", why: "each one that is stopped" },
  { alert: "EtcdFrequentLeaderChanges", why: "round follows round within its 15 minutes" },
];

/** The stand is idle but for one read now and then, so that nothing but the fault brings alerts. */
const IDLE = {
  steadyState: {
    words: "nothing is wrong with the stand, and no alert fires",
    guardian: true,
    noAlerts: true,
    deadlineSeconds: 300,
  },
  service: { from: "stand", reads: [{ path: "/Cities" }] },
  load: { clients: 1, intervalMs: 10_000, background: null },
  watch: { roles: false, haproxy: false, etcd: false },
} satisfies Partial<ExperimentInput>;

const undeclared = (mayCome: MayCome): Expectation =>
  none("undeclaredAlerts", "no alert comes but those that are declared", { mayCome });

interface AlertOptions {
  readonly faults: readonly Use[];
  /** That the alert must have. Default: the machine of the first fault. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: that of alerts that are not critical. */
  readonly withinMs?: number;
  readonly mayCome?: MayCome;
  readonly blastRadius?: NonNullable<ExperimentInput["blastRadius"]>;
}

function alertExperiment(id: string, title: string, alert: string, options: AlertOptions): ExperimentInput {
  const { faults, withinMs = OTHER_MS, mayCome = [], blastRadius = {} } = options;
  const { labels = { machine: faults[0]?.on ?? "" } } = options;
  const of = { during: ["fault"], alert, labels };
  return {
    ...IDLE,
    id: `MON-${id}`,
    title,
    hypothesis: `The receiver is notified of ${alert} within ${withinMs / 1_000} s, and again when it is resolved.`,
    expectations: [
      atMost("alertDelay", withinMs, `${alert} is notified within ${withinMs / 1_000} s`, of),
      atMost("alertResolved", RESOLVED_MS, `it is resolved within ${RESOLVED_MS / 1_000} s of the undo`, of),
      undeclared([{ alert, labels, why: EXPECTED }, ...mayCome]),
    ],
    stages: [
      { name: "fault", faults: [...faults], seconds: OTHER_MS / 1_000 + LATE_S, secondsAfterAlerts: AFTERMATH_S },
    ],
    blastRadius,
    rounds: 3,
  };
}

const stop = (on: string, unit: string): Use => ({ fault: "stop-unit", on, unit });

/** SIGKILL of postgres, which cannot be started again; Patroni lives and sees it. */
const killedForGood = (on: string): Use[] => [
  { fault: "prevent-start", on, program: "/usr/lib/postgresql/*/bin/postgres" },
  killPostgres(on),
];

const ALERTS: readonly ExperimentInput[] = [
  alertExperiment("cpu", "The primary's CPUs are busy", "NodeExporterHostHighCpuLoad", {
    faults: [{ fault: "cpu", on: "primary", percent: 100 }],
  }),
  alertExperiment("memory", "80 % of the memory of the primary's machine is in use", "NodeExporterHostOutOfMemory", {
    faults: [{ fault: "memory", on: "primary", percent: 80 }],
  }),
  alertExperiment("disk", "The disk of the primary's machine is 92 % full", "NodeExporterHostOutOfDiskSpace", {
    faults: [{ fault: "disk-fill", on: "primary", path: "/", fill: { percent: 92 } }],
  }),
  alertExperiment("machine-off", "The replica's machine loses its power", "MachineDown", {
    faults: [{ fault: "power-off", on: "replica" }],
    withinMs: CRITICAL_MS,
    mayCome: REPLICA_LOST,
  }),
  alertExperiment("postgres-killed", "The primary's PostgreSQL is killed and cannot start again", "PostgresqlDown", {
    faults: killedForGood("primary"),
    withinMs: CRITICAL_MS,
    mayCome: [...LEADER_MOVES, ...REPLICA_LOST],
  }),
  alertExperiment("etcd-member", "etcd is stopped on one of three machines", "EtcdMemberDown", {
    faults: [stop("etcd/1", "etcd")],
    mayCome: ETCD_LOST,
  }),
  alertExperiment("etcd-no-leader", "etcd is stopped on two of three machines", "EtcdNoLeader", {
    faults: [stop("etcd/1", "etcd"), stop("etcd/2", "etcd")],
    labels: {},
    withinMs: CRITICAL_MS,
    mayCome: [
      ...ETCD_LOST,
      { alert: "EtcdInsufficientMembers", why: "one of three is too few" },
      { alert: "PatroniFailsafeActive", why: "Patroni goes on without etcd" },
      { alert: "PatroniClusterUnlocked", why: "nobody can hold a key in an etcd without a leader" },
      { alert: "PatroniEtcdUnreachable", why: "etcd answers nobody" },
    ],
    blastRadius: { etcd: 2 },
  }),
  alertExperiment(
    "patroni-no-leader",
    "PostgreSQL is killed on both machines and cannot start again",
    "PatroniHasNoLeader",
    {
      // The replica first: nobody is left to take over.
      faults: [...killedForGood("replica"), ...killedForGood("primary")],
      labels: {},
      withinMs: CRITICAL_MS,
      mayCome: [
        ...LEADER_MOVES,
        ...REPLICA_LOST,
        { alert: "PostgresqlDown", why: "both are down" },
        { alert: "PatroniClusterUnlocked", why: "nobody can lead" },
        { alert: "HaproxyHasNoPrimary", why: "there is none" },
        { alert: "ProbeFailed", why: "HAProxy has nobody to send to at the ports of the database" },
        { alert: "ApiCommitsStall", why: "there is none" },
        { alert: "ApiPrimaryUnreachable", why: "there is none" },
        { alert: "ApiStaleAnswers", why: "reads are answered from memory" },
        { alert: "ApiBarrierFailing", why: "reads cannot be confirmed" },
      ],
      blastRadius: { postgres: 2 },
    },
  ),
  alertExperiment("api-replica", "One of the API replicas is stopped", "ApiReplicaDown", {
    faults: [stop("api/1", "goldenring-api")],
    mayCome: [{ alert: "ProbeFailed", why: "the replica's own probe" }],
  }),
  alertExperiment("node", "The kubelet of a node with pods is stopped", "KubernetesNodeNotReady", {
    faults: [stop("node", "kubelet")],
    mayCome: [
      { alert: "TargetDown", why: "the kubelet's own figures" },
      { alert: "ApiReplicaNotReady", why: "pods that nobody watches get no requests, and still answer" },
      { alert: "ProbeFailed", why: "the probe of the replicas on that node" },
      { alert: "KubernetesReplicasMissing", why: "until others take their places" },
    ],
  }),
  alertExperiment("api-server", "The API server of Kubernetes is stopped", "KubernetesApiServerDown", {
    faults: [stop("kubernetes/1", "kube-apiserver")],
    mayCome: [{ alert: "TargetDown", why: "nobody tells the state of the cluster" }],
  }),
  alertExperiment("probe", "The ingress is stopped: its probe fails", "ProbeFailed", {
    faults: [stop("ingress", "haproxy")],
    labels: { target: "ingress" },
    withinMs: CRITICAL_MS,
    mayCome: [{ alert: "HaproxyDown", why: "its figures are lost with it" }],
  }),
];

const PAIRS = [1, 2, 3];
const MEASURED_S = 60;
/** Prometheus reads its log when it starts, and scrapes for the first time. */
const SETTLING_S = 20;

export const MONITORING: readonly ExperimentInput[] = [
  {
    ...IDLE,
    id: "MON-quiet",
    title: "Nothing is injected",
    hypothesis: "On a stand without a fault no alert comes within 15 minutes.",
    expectations: [undeclared([])],
    stages: [{ name: "quiet", faults: [], seconds: 900 }],
  },
  {
    ...IDLE,
    id: "MON-watching",
    title: "What monitoring sees and costs",
    hypothesis: "Every target is up and every query has data; watching takes little memory and CPU.",
    expectations: [
      none("targetsDown", "all targets are up"),
      none("queriesWithoutData", "all queries of panels and rules have data"),
      below("prometheusMemory", PROMETHEUS_MEGABYTES, `Prometheus takes less than ${PROMETHEUS_MEGABYTES} MB`),
      below(
        "watchingCpu",
        REPLICA_CPU_PERCENT,
        `watching takes less than ${REPLICA_CPU_PERCENT} % of an API replica's CPU`,
        { during: PAIRS.map((pair) => `watched ${pair}`), comparedWith: PAIRS.map((pair) => `unwatched ${pair}`) },
      ),
    ],
    stages: PAIRS.flatMap((pair) => [
      {
        name: `unwatched ${pair}`,
        faults: [stop("prometheus", "prometheus"), stop("prometheus", "prometheus-blackbox-exporter")],
        seconds: MEASURED_S,
      },
      { name: `settling ${pair}`, faults: [], seconds: SETTLING_S },
      { name: `watched ${pair}`, faults: [], seconds: MEASURED_S },
    ]),
  },
  {
    ...IDLE,
    id: "MON-switchover",
    title: "A planned switchover",
    hypothesis: "It brings nothing but alerts for information.",
    expectations: [undeclared(LEADER_MOVES)],
    // The longest window of an alert that a switchover could set off, and its way to the receiver.
    stages: [{ name: "switchover", faults: [{ fault: "switchover", on: "primary" }], seconds: 240 }],
    rounds: 3,
  },
  ...ALERTS,
];
