import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Inventory, type Machine, readLogins } from "@goldenring/stand";
import * as z from "zod";
import { ask, type Credentials } from "./ask.ts";
import { askMonitoring } from "./ask-monitoring.ts";
import type { Facts } from "./facts.ts";

/** Milliseconds for one question: two in a row and the start of the program stay under the 5 s of `ring status`. */
const DEADLINE = 1_500;

const PatroniSelf = z.object({
  role: z.string(),
  state: z.string(),
  timeline: z.int().optional(),
  server_version: z.int().optional(),
  patroni: z.object({ version: z.string() }),
});
const PatroniCluster = z.object({
  members: z.array(
    z.object({ name: z.string(), role: z.string(), state: z.string(), lag: z.union([z.int(), z.string()]).optional() }),
  ),
});
const EtcdStatus = z.object({
  version: z.string(),
  leader: z.string().optional(),
  header: z.object({ member_id: z.string() }),
});

/** Asks every service of the stand at once. Runs where the stand can be reached. Never rejects. */
export async function gatherFacts(inventory: Inventory): Promise<Facts> {
  const [credentials, logins] = await Promise.all([
    readCredentials(inventory),
    readLogins(inventory).catch(() => ({}) as Awaited<ReturnType<typeof readLogins>>),
  ]);
  const [selves, cluster, etcd, loadBalancers, replicas, ingresses, monitoring] = await Promise.all([
    askEach(inventory.byRole("postgres"), (machine) => askPatroni(machine, credentials), {}),
    askCluster(inventory.byRole("postgres"), credentials),
    askEach(inventory.byRole("etcd"), (machine) => askEtcd(machine, credentials), { isHealthy: false }),
    askEach(inventory.byRole("haproxy"), (machine) => askHaproxy(machine, logins.haproxy), { servers: [] }),
    askEach(inventory.byRole("api"), (machine) => askApi(machine, 8080), { isReady: false }),
    askEach(inventory.byRole("ingress"), (machine) => askApi(machine, 80), { isReady: false }),
    askMonitoring(inventory, logins, credentials?.ca, DEADLINE),
  ]);
  const databases = selves.map((self: Facts["databases"][number]) => {
    const seen = cluster?.members.find(({ name }) => name === self.name);
    // A member knows that it is a replica, the cluster also that it is the synchronous one and that it streams.
    const more = self.error === undefined && seen !== undefined ? { role: seen.role, state: seen.state } : {};
    return { ...self, ...more, ...(typeof seen?.lag === "number" ? { lagBytes: seen.lag } : {}) };
  });
  return { databases, etcd, loadBalancers, replicas, ingresses, ...(monitoring === undefined ? {} : { monitoring }) };
}

/** Asks all of them at once; whoever cannot be asked is what is known without that, and the error. */
function askEach<Fact, Unknown extends object>(
  machines: readonly Machine[],
  question: (machine: Machine) => Promise<Fact>,
  unknown: Unknown,
): Promise<(Fact | (Unknown & Silent))[]> {
  return Promise.all(
    machines.map((machine) =>
      question(machine).catch((error: unknown) => ({ ...unknown, name: machine.name, error: messageOf(error) })),
    ),
  );
}

interface Silent {
  readonly name: string;
  readonly error: string;
}

async function readCredentials({ secretsFolder }: Inventory): Promise<Credentials | undefined> {
  try {
    const secret = (file: string): Promise<string> => readFile(join(secretsFolder, file), "utf8");
    const ca = await secret("ca/ca.crt");
    const [cert, key] = [await secret("certificates/operator.crt"), await secret("certificates/operator.key")];
    return { ca, cert, key };
  } catch {
    return undefined;
  }
}

async function askPatroni({ name, address }: Machine, credentials: Credentials | undefined) {
  const { text } = await ask({ url: `https://${address}:8008/patroni`, credentials, deadlineMs: DEADLINE });
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
async function askCluster(machines: readonly Machine[], credentials: Credentials | undefined) {
  const views = machines.map(async ({ address }) => {
    const { text } = await ask({ url: `https://${address}:8008/cluster`, credentials, deadlineMs: DEADLINE });
    return PatroniCluster.parse(JSON.parse(text));
  });
  return Promise.any(views).catch(() => undefined);
}

async function askEtcd({ name, address }: Machine, credentials: Credentials | undefined) {
  const member = `https://${address}:2379`;
  const [health, status] = await Promise.all([
    ask({ url: `${member}/health`, credentials, deadlineMs: DEADLINE }),
    ask({ url: `${member}/v3/maintenance/status`, body: {}, credentials, deadlineMs: DEADLINE }),
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

async function askHaproxy({ name, address }: Machine, login: { user: string; password: string } | undefined) {
  const { status, text } = await ask({ url: `http://${address}:7000/stats;csv`, login, deadlineMs: DEADLINE });
  if (status !== 200) throw new Error(`the statistics page answers ${status}`);
  return { name, servers: serversOf(text) };
}

/** The servers in HAProxy's statistics as CSV: listener, server, ... with the state in the column `status`. */
export function serversOf(csv: string): { listener: string; server: string; state: string }[] {
  const [head = "", ...rows] = csv.trim().split("\n");
  const column = head.replace(/^# /, "").split(",").indexOf("status");
  return rows.flatMap((row) => {
    const cells = row.split(",");
    const [listener = "", server = ""] = cells;
    const state = cells[column] ?? "";
    return server === "FRONTEND" || server === "BACKEND" || state === "" ? [] : [{ listener, server, state }];
  });
}

async function askApi({ name, address }: Machine, port: number) {
  const { status, text } = await ask({ url: `http://${address}:${port}/healthz/ready`, deadlineMs: DEADLINE });
  const isReady = status === 200;
  return { name, isReady, ...(isReady ? {} : { error: `answers ${status} ${text.trim().slice(0, 80)}` }) };
}

/** 170006 is 17.6. */
function postgresqlVersion(number: number): string {
  return `${Math.floor(number / 10_000)}.${number % 10_000}`;
}

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return `an answer of another form: ${z.prettifyError(error)}`;
  return error instanceof Error ? error.message : String(error);
}
