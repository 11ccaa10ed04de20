import { byRole, type Stand, type StandMachine } from "../stand.ts";
import { type ClusterMember, parseCluster, SHOW_SERVERS, serversIn } from "./parse-answers.ts";

/** Which machine has which role now; undefined where the stand has no such part. */
export interface StandRoles {
  readonly primary: string | undefined;
  readonly replica: string | undefined;
  readonly etcdLeader: string | undefined;
}

export type SteadyState = { readonly roles: StandRoles } | { readonly missing: string };

const NOBODY: StandRoles = { primary: undefined, replica: undefined, etcdLeader: undefined };
const ANSWER_DEADLINE_MS = 8_000;

/** Checks every part of the stand on the machines themselves. @returns the roles, or what is missing for the steady state */
export async function steadyState(
  stand: Stand,
  expected: { readonly cluster: boolean; readonly guardian: boolean },
): Promise<SteadyState> {
  const guardian =
    expected.guardian && stand.guardian() === undefined ? ["the guardian is not running (`ring up` starts it)"] : [];
  if (!expected.cluster) return guardian.length > 0 ? { missing: guardian.join("; ") } : { roles: NOBODY };
  const databases = await databaseRoles(stand);
  if ("missing" in databases) return databases;
  const { primary, replica } = databases.roles;
  const [etcd, ...servers] = await Promise.all([
    etcdMembers(stand),
    ...byRole(stand, "haproxy").map((machine) =>
      serversMissing(machine, {
        ...(primary ? { master: [primary] } : {}),
        ...(replica ? { replicas: [replica] } : {}),
      }),
    ),
    ...byRole(stand, "ingress").map((machine) =>
      serversMissing(machine, { api: byRole(stand, "api").map(({ name }) => name) }),
    ),
  ]);
  const missing = [...guardian, ...etcd.missing, ...servers.flat()];
  return missing.length > 0
    ? { missing: missing.join("; ") }
    : { roles: { primary, replica, etcdLeader: etcd.leader } };
}

async function databaseRoles(stand: Stand): Promise<SteadyState> {
  const machines = byRole(stand, "postgres");
  if (machines.length === 0) return { roles: NOBODY };
  const clusters = await Promise.all(machines.map(clusterSeenFrom));
  const silent = machines.filter((_, index) => clusters[index] === undefined);
  if (silent.length > 0) return { missing: `Patroni does not answer on ${silent.map(({ name }) => name).join(", ")}` };
  return rolesIn(clusters[0] ?? [], machines.length);
}

function rolesIn(members: readonly ClusterMember[], machines: number): SteadyState {
  const seen = members.map(({ name, role, state }) => `${name} ${role} ${state}`).join(", ") || "no members";
  const [leader, second] = members.filter(({ role, state }) => role === "leader" && state === "running");
  if (!leader || second) return { missing: `no leader (${seen})` };
  if (machines === 1) return { roles: { ...NOBODY, primary: leader.name } };
  const standby = members.find(({ role, state }) => role === "sync_standby" && state === "streaming");
  if (!standby || standby.timeline !== leader.timeline) return { missing: `no synchronous standby (${seen})` };
  return { roles: { ...NOBODY, primary: leader.name, replica: standby.name } };
}

/** By Python, which every machine has for Ansible. */
async function clusterSeenFrom(machine: StandMachine): Promise<readonly ClusterMember[] | undefined> {
  const context = "ssl.create_default_context(cafile='/etc/patroni/tls/ca.crt')";
  const program = `import ssl, urllib.request; print(urllib.request.urlopen('https://${machine.address}:8008/cluster', timeout=2, context=${context}).read().decode())`;
  const { code, stdout } = await machine.run(`python3 -I -c "${program}"`, { deadlineMs: ANSWER_DEADLINE_MS });
  return code === 0 ? parseCluster(stdout) : undefined;
}

async function etcdMembers(
  stand: Stand,
): Promise<{ readonly leader: string | undefined; readonly missing: readonly string[] }> {
  const machines = byRole(stand, "etcd");
  const answers = await Promise.all(
    machines.map(({ run }) =>
      // The first answer ends without a new line.
      run(`${ETCD_HEALTH}; echo; ${ETCD_METRICS} | grep '^etcd_server_is_leader '`, { deadlineMs: ANSWER_DEADLINE_MS }),
    ),
  );
  return {
    leader: machines[answers.findIndex(({ stdout }) => isLeader(stdout))]?.name,
    missing: machines.flatMap(({ name }, index) =>
      isHealthy(answers[index]?.stdout ?? "") ? [] : [`etcd on ${name} is not healthy`],
    ),
  };
}

/** Plain HTTP on the machine, by the shell alone: it is cheap enough for every second. */
const get = (path: string): string =>
  `bash -c 'exec 3<>/dev/tcp/127.0.0.1/2381 && printf "GET ${path} HTTP/1.0\\r\\n\\r\\n" >&3 && timeout 2 cat <&3' 2>/dev/null`;
export const ETCD_HEALTH = get("/health");
const ETCD_METRICS = get("/metrics");
export const isHealthy = (answer: string): boolean => /"health"\s*:\s*"true"/.test(answer);
export const isLeader = (answer: string): boolean => /^etcd_server_is_leader 1\r?$/m.test(answer);

/** In each listener exactly these servers must be up. */
async function serversMissing(
  machine: StandMachine,
  expected: Readonly<Record<string, readonly string[]>>,
): Promise<string[]> {
  const { code, stdout } = await machine.run(SHOW_SERVERS, { deadlineMs: ANSWER_DEADLINE_MS });
  if (code !== 0) return [`HAProxy on ${machine.name} does not answer`];
  const servers = serversIn(stdout);
  return Object.entries(expected).flatMap(([listener, names]) => {
    const up = servers
      .filter((each) => each.listener === listener && each.state.startsWith("UP"))
      .map(({ server }) => server);
    return up.toSorted().join() === names.toSorted().join()
      ? []
      : [`${machine.name} has ${up.join(", ") || "no server"} up in ${listener} instead of ${names.join(", ")}`];
  });
}

/** The address of the Weather API for its clients. */
export function serviceUrl(stand: Stand): string | undefined {
  const [machine] = byRole(stand, "ingress");
  return machine && `http://${machine.address}`;
}
