import * as z from "zod";
import { type HttpRequest, httpRequest } from "../computer/http-request.ts";
import type { Inventory, Machine } from "../inventory/inventory.ts";
import { etcdTls, loginOf, readAuthority } from "../inventory/logins.ts";
import { askMonitoring } from "./ask-monitoring.ts";
import { serversIn } from "./haproxy-servers.ts";
import { parseCluster } from "./patroni-cluster.ts";
import type { ServicesHealth } from "./services.ts";

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

/** Asks every service of the stand at the same time. Must run where the stand can be reached. Never rejects. */
export async function askServices(inventory: Inventory): Promise<ServicesHealth> {
  const [etcd, servers, monitors, login] = await Promise.all([
    etcdTls(inventory).catch(() => undefined),
    readAuthority(inventory, "servers").catch(() => undefined),
    readAuthority(inventory, "monitoring").catch(() => undefined),
    loginOf(inventory, "haproxy").catch(() => undefined),
  ]);
  const [patroniTls, haproxyTls] = [servers, monitors].map((ca) => (ca === undefined ? undefined : { ca }));
  const [selves, cluster, etcdMembers, loadBalancers, replicas, ingresses, monitoring] = await Promise.all([
    askEach(inventory.byRole("postgres"), (machine) => askPatroni(machine, patroniTls), {}),
    askCluster(inventory.byRole("postgres"), patroniTls),
    askEach(inventory.byRole("etcd"), (machine) => askEtcd(machine, etcd), { isHealthy: false }),
    askEach(inventory.byRole("haproxy"), (machine) => askHaproxy(machine, haproxyTls, login), { servers: [] }),
    askEach(inventory.byRole("api"), (machine) => askApi(machine, 8080), { isReady: false }),
    askEach(inventory.byRole("ingress"), (machine) => askApi(machine, 80), { isReady: false }),
    askMonitoring(inventory, DEADLINE_MS),
  ]);
  const databases = selves.map((self: ServicesHealth["databases"][number]) => {
    const seen = cluster?.find(({ name }) => name === self.name);
    // A member knows that it is a replica, the cluster also that it is the synchronous one and that it streams.
    const more = self.error === undefined && seen !== undefined ? { role: seen.role, state: seen.state } : {};
    return { ...self, ...more, ...(typeof seen?.lag === "number" ? { lagBytes: seen.lag } : {}) };
  });
  const health = { databases, etcd: etcdMembers, loadBalancers, replicas, ingresses };
  return { ...health, ...(monitoring === undefined ? {} : { monitoring }) };
}

/** A machine whose service does not answer has the defaults and the error. */
function askEach<Fact, Defaults extends object>(
  machines: readonly Machine[],
  ask: (machine: Machine) => Promise<Fact>,
  defaults: Defaults,
): Promise<(Fact | (Defaults & Silent))[]> {
  return Promise.all(
    machines.map((machine) =>
      ask(machine).catch((error: unknown) => ({ ...defaults, name: machine.name, error: messageOf(error) })),
    ),
  );
}

interface Silent {
  readonly name: string;
  readonly error: string;
}

async function askPatroni({ name, address }: Machine, tls: HttpRequest["tls"]) {
  const { text } = await httpRequest({ url: `https://${address}:8008/patroni`, tls, deadlineMs: DEADLINE_MS });
  const { role, state, timeline, server_version, patroni } = PatroniSelf.parse(JSON.parse(text));
  return {
    name,
    role: role === "primary" ? "leader" : role,
    state,
    ...(timeline === undefined ? {} : { timeline }),
    ...(server_version === undefined ? {} : { postgresql: postgresqlVersion(server_version) }),
    patroni: patroni.version,
  };
}

/** The cluster as the first member to answer sees it; undefined when none does. */
async function askCluster(machines: readonly Machine[], tls: HttpRequest["tls"]) {
  const views = machines.map(async ({ address }) => {
    const { text } = await httpRequest({ url: `https://${address}:8008/cluster`, tls, deadlineMs: DEADLINE_MS });
    return parseCluster(text) ?? Promise.reject(new Error("an unexpected answer"));
  });
  return Promise.any(views).catch(() => undefined);
}

async function askEtcd({ name, address }: Machine, tls: HttpRequest["tls"]) {
  const member = `https://${address}:2379`;
  const [health, status] = await Promise.all([
    httpRequest({ url: `${member}/health`, tls, deadlineMs: DEADLINE_MS }),
    httpRequest({ url: `${member}/v3/maintenance/status`, body: {}, tls, deadlineMs: DEADLINE_MS }),
  ]);
  const { version, leader, header } = EtcdStatus.parse(JSON.parse(status.text));
  const isHealthy = health.status === 200 && /"health":\s*"?true/.test(health.text);
  return {
    name,
    isHealthy,
    isLeader: leader === header.member_id,
    version,
    ...(isHealthy ? {} : { error: health.text.trim() }),
  };
}

async function askHaproxy({ name, address }: Machine, tls: HttpRequest["tls"], login: HttpRequest["login"]) {
  const url = `https://${address}:7000/stats;csv`;
  const { status, text } = await httpRequest({ url, tls, login, deadlineMs: DEADLINE_MS });
  if (status !== 200) throw new Error(`the statistics page answers ${status}`);
  return { name, servers: serversIn(text) };
}

async function askApi({ name, address }: Machine, port: number) {
  const { status, text } = await httpRequest({
    url: `http://${address}:${port}/healthz/ready`,
    deadlineMs: DEADLINE_MS,
  });
  const isReady = status === 200;
  return { name, isReady, ...(isReady ? {} : { error: `answers ${status} ${text.trim().slice(0, 80)}` }) };
}

/** 170006 is 17.6. */
function postgresqlVersion(number: number): string {
  return `${Math.floor(number / 10_000)}.${number % 10_000}`;
}

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return `an unexpected answer: ${z.prettifyError(error)}`;
  return error instanceof Error ? error.message : String(error);
}
