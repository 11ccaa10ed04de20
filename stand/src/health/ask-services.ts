import * as z from "zod";
import { type HttpRequest, httpRequest } from "../computer/http-request.ts";
import { runProgram } from "../computer/run-program.ts";
import { bunProgram } from "../computer/start-program.ts";
import type { Inventory, Machine } from "../inventory/inventory.ts";
import { etcdTls, loginOf, readAuthority, readCertificate } from "../inventory/logins.ts";
import { readInventory } from "../inventory/read-inventory.ts";
import { inNamespace } from "../machine/ssh.ts";
import { askMonitoring, orError } from "./ask-monitoring.ts";
import { parseCluster, type ServerState, serversIn } from "./parse-answers.ts";

/** Of `readServices`, the start of the program included. */
const PROGRAM_DEADLINE_MS = 4_500;
/** Two requests in a row and the start of the program stay under the 5 s of `ring status`. */
const DEADLINE_MS = 1_500;

const PatroniSelf = z.object({
  role: z.string(),
  state: z.string(),
  timeline: z.int().optional(),
  server_version: z.int().optional(),
  patroni: z.object({ version: z.string() }),
});
const EtcdStatus = z.object({
  version: z.string(),
  leader: z.string().optional(),
  header: z.object({ member_id: z.string() }),
});

const NodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ unschedulable: z.boolean().default(false) }),
      status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) }),
    }),
  ),
});
const PodList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
      spec: z.object({ nodeName: z.string().optional() }),
      status: z.object({
        phase: z.string(),
        containerStatuses: z.array(z.object({ ready: z.boolean(), restartCount: z.int() })).default([]),
      }),
    }),
  ),
});

/** What the stand's services report; undefined when the network that they are in does not exist. */
export async function readServices(
  inventory: Inventory,
  { withMonitoring }: { readonly withMonitoring: boolean },
): Promise<ServicesHealth | undefined> {
  const argv = inNamespace(inventory, bunProgram(import.meta.path, inventory.file, String(withMonitoring)));
  const { code, stdout } = await runProgram(argv, { deadlineMs: PROGRAM_DEADLINE_MS });
  // The end of this file wrote it.
  return code === 0 ? (JSON.parse(stdout) as ServicesHealth) : undefined;
}

/** What the stand's services report about themselves over the network. A service that does not answer has an error. */
export type ServicesHealth = Awaited<ReturnType<typeof askServices>>;

/** Asks every service of the stand at the same time. Must run where the stand can be reached. Never rejects. */
async function askServices(inventory: Inventory, withMonitoring: boolean) {
  const { answer: etcdClient } = await orError(() => etcdTls(inventory));
  const { answer: servers = "" } = await orError(() => readAuthority(inventory, "servers"));
  const { answer: monitors = "" } = await orError(() => readAuthority(inventory, "monitoring"));
  const { answer: login } = await orError(() => loginOf(inventory, "haproxy"));
  const patroniTls = { ca: servers };
  const haproxyTls = { ca: monitors };
  const { answer: kubernetesClient } = await orError(() => kubernetesTls(inventory));
  const [selves, cluster, etcd, haproxy, api, ingress, kubernetes, monitoring] = await Promise.all([
    askEach(inventory.byRole("postgres"), (machine) => askPatroni(machine, patroniTls), {}),
    askCluster(inventory.byRole("postgres"), patroniTls),
    askEach(inventory.byRole("etcd"), (machine) => askEtcd(machine, etcdClient), { isHealthy: false }),
    askEach(inventory.byRole("haproxy"), (machine) => askHaproxy(machine, haproxyTls, login), NO_SERVERS),
    askEach(inventory.byRole("api"), (machine) => askApi(`http://${machine.address}:8080/healthz/ready`), {
      isReady: false,
    }),
    askEach(inventory.byRole("ingress"), (machine) => askIngress(machine, haproxyTls, login), {
      isReady: false,
      ...NO_SERVERS,
    }),
    askEach(
      inventory.byRole("kubernetes").slice(0, 1),
      (machine) => askKubernetes(machine, kubernetesClient),
      EMPTY_CLUSTER,
    ),
    withMonitoring ? askMonitoring(inventory, DEADLINE_MS) : undefined,
  ]);
  const members = selves.map((self) => {
    const seen = cluster?.find(({ name }) => name === self.name);
    // A member knows that it is a replica, the cluster also that it is the synchronous one and that it streams.
    const more = self.error === undefined && seen !== undefined ? { role: seen.role, state: seen.state } : {};
    // How far it is behind the leader, in the leader's view; absent for the leader and when unknown.
    return { ...self, ...more, ...(typeof seen?.lag === "number" ? { lagBytes: seen.lag } : {}) };
  });
  const controlPlane = kubernetes[0] && { kubernetes: kubernetes[0] };
  return { members, etcd, haproxy, api, ingress, ...controlPlane, ...(monitoring === undefined ? {} : { monitoring }) };
}

/** A machine whose service does not answer has the defaults and the error. */
function askEach<Fact extends object, Defaults extends object>(
  machines: readonly Machine[],
  askOne: (machine: Machine) => Promise<Fact>,
  defaults: Defaults,
) {
  return Promise.all(
    machines.map(async (machine) => {
      const { answer, error } = await orError(() => askOne(machine));
      const facts: Partial<Fact> = answer ?? {};
      const failure: { readonly error?: string } = error === undefined ? {} : { error };
      return { name: machine.name, ...failure, ...defaults, ...facts };
    }),
  );
}

const ask = (url: string, options: Pick<HttpRequest, "tls" | "login" | "body"> = {}) =>
  httpRequest({ url, ...options, deadlineMs: DEADLINE_MS });

async function askPatroni({ address }: Machine, tls: HttpRequest["tls"]) {
  const { text } = await ask(`https://${address}:8008/patroni`, { tls });
  const { role, state, timeline, server_version, patroni } = PatroniSelf.parse(JSON.parse(text));
  const postgresql = server_version === undefined ? undefined : postgresqlVersion(server_version);
  return { role: role === "primary" ? "leader" : role, state, timeline, postgresql, patroni: patroni.version };
}

/** The cluster as the first member to answer sees it; undefined when none does. */
async function askCluster(machines: readonly Machine[], tls: HttpRequest["tls"]) {
  const views = machines.map(async ({ address }) => {
    const { text } = await ask(`https://${address}:8008/cluster`, { tls });
    return parseCluster(text) ?? Promise.reject(new Error("an unexpected answer"));
  });
  return Promise.any(views).catch(() => undefined);
}

async function askEtcd({ address }: Machine, tls: HttpRequest["tls"]) {
  const member = `https://${address}:2379`;
  const [health, status] = await Promise.all([
    ask(`${member}/health`, { tls }),
    ask(`${member}/v3/maintenance/status`, { tls, body: {} }),
  ]);
  const { version, leader, header } = EtcdStatus.parse(JSON.parse(status.text));
  const isHealthy = health.status === 200 && /"health":\s*"?true/.test(health.text);
  const error = isHealthy ? {} : { error: health.text.trim() };
  return { isHealthy, isLeader: leader === header.member_id, version, ...error };
}

const NO_SERVERS: { readonly servers: readonly ServerState[] } = { servers: [] };

async function askHaproxy({ address }: Machine, tls: HttpRequest["tls"], login: HttpRequest["login"]) {
  const { status, text } = await ask(`https://${address}:7000/stats;csv`, { tls, login });
  if (status !== 200) throw new Error(`the statistics page answers ${status}`);
  return { servers: serversIn(text) };
}

/** Ready when it reaches a ready replica. */
async function askIngress(machine: Machine, tls: HttpRequest["tls"], login: HttpRequest["login"]) {
  const [reached, seen] = await Promise.all([askApi(`http://${machine.address}/`), askHaproxy(machine, tls, login)]);
  return { ...reached, ...seen };
}

/** The ingress answers 503 without a ready replica; a baseline in their place has no page (404). */
async function askApi(url: string) {
  const { status, text } = await ask(url);
  const isReady = status < 500;
  return { isReady, ...(isReady ? {} : { error: `answers ${status} ${text.trim().slice(0, 80)}` }) };
}

async function kubernetesTls(inventory: Inventory): Promise<HttpRequest["tls"]> {
  return {
    ca: await readAuthority(inventory, "kubernetes"),
    ...(await readCertificate(inventory, "operator/kubernetes")),
  };
}

const EMPTY_CLUSTER: Awaited<ReturnType<typeof askKubernetes>> = { nodes: [], pods: [] };

/** The nodes of a cluster, and the pods that are not about to end. */
async function askKubernetes({ address }: Machine, tls: HttpRequest["tls"]) {
  const list = async <Shape extends z.ZodType>(what: string, shape: Shape): Promise<z.infer<Shape>> =>
    shape.parse(JSON.parse((await ask(`https://${address}:6443/api/v1/${what}`, { tls })).text));
  const [nodes, pods] = await Promise.all([list("nodes", NodeList), list("pods", PodList)]);
  return {
    nodes: nodes.items.map(({ metadata: { name }, spec: { unschedulable }, status: { conditions } }) => ({
      name,
      isReady: conditions.some(({ type, status }) => type === "Ready" && status === "True"),
      unschedulable,
    })),
    pods: pods.items
      .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase !== "Succeeded")
      .map(({ metadata: { name }, spec: { nodeName }, status: { phase, containerStatuses } }) => ({
        name,
        node: nodeName,
        phase,
        isReady: phase === "Running" && containerStatuses.every(({ ready }) => ready),
        restarts: containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
      })),
  };
}

/** 170006 is 17.6. */
function postgresqlVersion(number: number): string {
  return `${Math.floor(number / 10_000)}.${number % 10_000}`;
}

// `readServices` starts this as a process of its own, inside the stand's network namespace.
if (import.meta.main) {
  const [, , file = "", withMonitoring] = process.argv;
  process.stdout.write(JSON.stringify(await askServices(await readInventory(file), withMonitoring === "true")));
}
