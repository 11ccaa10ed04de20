import * as z from "zod";

const error = z.string().optional();

const DatabaseMember = z.object({
  name: z.string(),
  /** What the machine's own Patroni says; absent when it does not answer. */
  role: z.string().optional(),
  state: z.string().optional(),
  timeline: z.int().optional(),
  /** Bytes that it is behind the leader, as the leader's cluster view says; absent for the leader and when unknown. */
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

/** An alert that fires, without the dead man's switch. */
const FiringAlert = z.object({
  name: z.string(),
  /** Empty when its rule gives none, as the machine. */
  severity: z.string(),
  machine: z.string(),
  /** Since when its rule holds; ISO 8601. */
  since: z.string(),
  summary: z.string(),
});

const Target = z.object({ job: z.string(), instance: z.string(), machine: z.string(), error: z.string() });

const Monitoring = z.object({
  /** Their machine. */
  name: z.string(),
  prometheus: z.object({ error }),
  alertmanager: z.object({ error }),
  targets: z.object({
    up: z.int(),
    /** Their last scrape failed, or there was none yet. */
    down: z.array(Target),
    /** None of their scrapes was well for a minute. */
    silent: z.array(Target.omit({ error: true })),
  }),
  alerts: z.array(FiringAlert),
});
export type Monitoring = z.infer<typeof Monitoring>;

/** What the stand's services say about themselves, asked over the network. A service that cannot be asked has an error. */
export const Facts = z.object({
  databases: z.array(DatabaseMember),
  etcd: z.array(EtcdMember),
  loadBalancers: z.array(LoadBalancer),
  replicas: z.array(ApiServer),
  /** Ready when they reach a replica that is. */
  ingresses: z.array(ApiServer),
  /** Absent when the stand has no machine for it. */
  monitoring: Monitoring.optional(),
});
export type Facts = z.infer<typeof Facts>;
