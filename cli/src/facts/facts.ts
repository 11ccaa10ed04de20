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

/** What the stand's services say about themselves, asked over the network. A service that cannot be asked has an error. */
export const Facts = z.object({
  databases: z.array(DatabaseMember),
  etcd: z.array(EtcdMember),
  loadBalancers: z.array(LoadBalancer),
  replicas: z.array(ApiServer),
  /** Ready when they reach a replica that is. */
  ingresses: z.array(ApiServer),
});
export type Facts = z.infer<typeof Facts>;
