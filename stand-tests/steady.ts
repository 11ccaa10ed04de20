import { type ClusterMember, parseCluster } from "../chaos/src/index.ts";
import type { Machine } from "../stand/src/index.ts";
import type { Stand } from "./stand.ts";

/** The database machines, by what they are at the moment. */
export interface Roles {
  readonly primary: Machine;
  readonly replica: Machine;
}

/** Whether everything is as it should be before a fault and after it; else what is missing, in a few words. */
export async function steadiness(stand: Stand): Promise<{ answer: Roles } | { missing: string }> {
  const roles = await rolesOf(stand);
  if ("missing" in roles) return roles;
  const { primary, replica } = roles.answer;
  const missing = (
    await Promise.all([
      ...stand.withRoles("etcd").map((machine) => etcdMissing(stand, machine)),
      ...stand
        .withRoles("haproxy")
        .map((machine) => serversMissing(stand, machine, { master: [primary], replicas: [replica] })),
      ...stand.withRoles("ingress").map((machine) => serversMissing(stand, machine, { api: stand.withRoles("api") })),
    ])
  ).flat();
  if (!stand.guardianRuns) missing.push("the guardian does not run (./ring up starts it)");
  return missing.length > 0 ? { missing: missing.join("; ") } : roles;
}

async function rolesOf(stand: Stand): Promise<{ answer: Roles } | { missing: string }> {
  const machines = stand.withRoles("postgres");
  const clusters = await Promise.all(machines.map((machine) => clusterSeenBy(stand, machine)));
  const unheard = machines.filter((_, index) => clusters[index] === undefined);
  if (unheard.length > 0)
    return { missing: `Patroni does not answer on ${unheard.map(({ name }) => name).join(", ")}` };
  const members = clusters[0] ?? [];
  const leaders = members.filter(({ role, state }) => role === "leader" && state === "running");
  const standbys = members.filter(({ role, state }) => role === "sync_standby" && state === "streaming");
  const [leader, standby] = [leaders[0], standbys[0]];
  const primary = machines.find(({ name }) => name === leader?.name);
  const replica = machines.find(({ name }) => name === standby?.name);
  if (leaders.length !== 1 || !primary) return { missing: `no leader (${describe(members)})` };
  if (!replica || standby?.timeline !== leader?.timeline)
    return { missing: `no synchronous standby (${describe(members)})` };
  return { answer: { primary, replica } };
}

function describe(members: readonly ClusterMember[]): string {
  return members.map(({ name, role, state }) => `${name} ${role} ${state}`).join(", ") || "no members";
}

/** Asked on the machine itself: the way there must not decide. Python is there because Ansible needs it. */
async function clusterSeenBy(stand: Stand, machine: Machine): Promise<readonly ClusterMember[] | undefined> {
  const { code, stdout } = await askLocally(
    stand,
    machine,
    `https://${machine.address}:8008/cluster`,
    "/etc/patroni/tls/ca.crt",
  );
  return code === 0 ? parseCluster(stdout) : undefined;
}

async function etcdMissing(stand: Stand, machine: Machine): Promise<string[]> {
  const { code, stdout } = await askLocally(stand, machine, "http://127.0.0.1:2381/health");
  return code === 0 && /"health"\s*:\s*"true"/.test(stdout) ? [] : [`etcd on ${machine.name} is not healthy`];
}

function askLocally(stand: Stand, machine: Machine, url: string, caFile?: string) {
  const context = caFile === undefined ? "None" : `ssl.create_default_context(cafile='${caFile}')`;
  const program = `import ssl, urllib.request; print(urllib.request.urlopen('${url}', timeout=2, context=${context}).read().decode())`;
  return stand.run(machine, `python3 -I -c "${program}"`, { deadlineMs: 8_000 });
}

/** In each listener exactly these servers must be up. */
async function serversMissing(
  stand: Stand,
  machine: Machine,
  expected: Readonly<Record<string, readonly Machine[]>>,
): Promise<string[]> {
  const { code, stdout } = await stand.run(
    machine,
    "echo 'show stat' | socat -t 3 - UNIX-CONNECT:/run/haproxy/admin.sock",
  );
  if (code !== 0) return [`HAProxy on ${machine.name} does not answer`];
  const servers = stdout
    .split("\n")
    .map((line) => line.split(","))
    .map(([listener, server, ...columns]) => ({ listener, server, status: columns[15] ?? "" }))
    .filter(({ server }) => server !== undefined && server !== "FRONTEND" && server !== "BACKEND");
  return Object.entries(expected).flatMap(([listener, machines]) => {
    const wanted = machines.map(({ name }) => name).sort();
    const up = servers
      .filter((each) => each.listener === listener && each.status.startsWith("UP"))
      .map(({ server }) => server);
    return up.sort().join() === wanted.join()
      ? []
      : [`${machine.name} has ${up.join(", ") || "nobody"} up in ${listener} instead of ${wanted.join(", ")}`];
  });
}
