import * as z from "zod";

const error = z.string().optional();

const DatabaseMember = z.object({
  name: z.string(),
  /** Of the machine's own Patroni; absent when it does not answer. */
  role: z.string().optional(),
  state: z.string().optional(),
  timeline: z.int().optional(),
  /** How far it is behind the leader, in the leader's view of the cluster; absent for the leader and when unknown. */
  lagBytes: z.int().optional(),
  /** "17.6" */
  postgresql: z.string().optional(),
  patroni: z.string().optional(),
  error,
});

const EtcdMember = z.object({
  name: z.string(),
  isHealthy: z.boolean(),
  isLeader: z.boolean().optional(),
  version: z.string().optional(),
  error,
});

const LoadBalancer = z.object({
  name: z.string(),
  servers: z.array(z.object({ listener: z.string(), server: z.string(), state: z.string() })),
  error,
});

const ApiServer = z.object({ name: z.string(), isReady: z.boolean(), error });

/** A firing alert; the watchdog, which always fires, is left out. */
const FiringAlert = z.object({
  name: z.string(),
  /** Empty when its rule has none, as the machine. */
  severity: z.string(),
  machine: z.string(),
  /** When its expression became true; ISO 8601. */
  since: z.string(),
  summary: z.string(),
});

const Target = z.object({ job: z.string(), instance: z.string(), machine: z.string(), error: z.string() });

const Monitoring = z.object({
  /** The machine that both run on. */
  name: z.string(),
  prometheus: z.object({ error }),
  alertmanager: z.object({ error }),
  targets: z.object({
    up: z.int(),
    /** The last scrape failed, or there was none yet. */
    down: z.array(Target),
    /** No scrape has succeeded for a minute. */
    silent: z.array(Target.omit({ error: true })),
  }),
  alerts: z.array(FiringAlert),
});
export type MonitoringHealth = z.infer<typeof Monitoring>;

/** What the stand's services report about themselves over the network. A service that does not answer has an error. */
export const ServicesHealth = z.object({
  databases: z.array(DatabaseMember),
  etcd: z.array(EtcdMember),
  loadBalancers: z.array(LoadBalancer),
  replicas: z.array(ApiServer),
  /** Ready when they reach a ready replica. */
  ingresses: z.array(ApiServer),
  /** Absent when the stand has no machine for it. */
  monitoring: Monitoring.optional(),
});
export type ServicesHealth = z.infer<typeof ServicesHealth>;
