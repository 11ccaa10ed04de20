import { byRole, type RunningGuardian, type Stand } from "../stand.ts";
import { readServices, type ServicesHealth } from "./ask-services.ts";

/** Which machine has which role now; undefined where the stand has no such part. */
export interface StandRoles {
  readonly primary: string | undefined;
  readonly replica: string | undefined;
  readonly etcdLeader: string | undefined;
}

/**
 * What differs from a stand on which all services are well. For people, and before and after each fault of an experiment.
 *
 * @param services undefined when the network that they are in does not exist
 * @param isOff a machine that is off is a problem already, which its services do not repeat
 */
export function problemsOf(services: ServicesHealth | undefined, isOff: (machine: string) => boolean = () => false) {
  if (services === undefined) return ["the services cannot be asked: the stand's network does not exist"];
  const { members, etcd, haproxy, api, ingress, kubernetes } = services;
  const clusters = kubernetes === undefined ? [] : [kubernetes];
  /** A node without pods: nobody answers there, and nothing is wrong with that. */
  const isEmpty = (name: string): boolean =>
    clusters.some(
      ({ nodes, pods }) => nodes.some((node) => node.name === name) && !pods.some(({ node }) => node === name),
    );
  const all = {
    Patroni: members,
    etcd,
    HAProxy: haproxy,
    "the API": api.filter(({ name }) => !isEmpty(name)),
    "the ingress": ingress,
    Kubernetes: clusters,
  };
  const silent = Object.entries(all).flatMap(([service, each]) =>
    each.flatMap(({ name, error }) => (error === undefined || isOff(name) ? [] : [`${service} on ${name}: ${error}`])),
  );
  const [leader, second] = members.filter(({ role }) => role === "leader");
  const running = members.filter(({ state }) => state === "running" || state === "streaming");
  const stopped = members.filter((member) => member.state !== undefined && !running.includes(member));
  const isStandby = ({ role, state, timeline }: Member): boolean =>
    role === "sync_standby" && state === "streaming" && timeline === leader?.timeline;
  const replicas = running.filter((member) => member !== leader);
  const ready = api.filter(({ isReady }) => isReady);
  const hasQuorum = etcd.length === 0 || etcd.filter(({ isHealthy }) => isHealthy).length * 2 > etcd.length;
  const problems = [
    members.length > 0 && !leader && "the database has no leader",
    second && "the database has two leaders",
    !hasQuorum && "etcd has no quorum",
    ...silent,
    ...stopped.map(({ name, state }) => `PostgreSQL on ${name} is ${state}`),
    leader && members.length > 1 && !members.some(isStandby) && "the leader has no synchronous replica",
    ...(leader ? haproxy.map((one) => astray("HAProxy", one, "master", [leader])) : []),
    ...(leader ? haproxy.map((one) => astray("HAProxy", one, "replicas", replicas)) : []),
    ...ingress.map((one) => astray("the ingress", one, "api", ready)),
    ...clusters.flatMap(({ nodes, pods }) => [
      ...nodes.map(({ name, isReady }) => !isReady && !isOff(name) && `the node ${name} is not ready`),
      ...nodes.map(
        ({ name, unschedulable }) => unschedulable && `the node ${name} takes no pods (kubectl uncordon ${name})`,
      ),
      ...pods.map(
        ({ name, node = "no node", isReady }) => !isReady && !isOff(node) && `the pod ${name} on ${node} is not ready`,
      ),
    ]),
  ];
  return problems.filter((problem) => typeof problem === "string");
}

type Member = ServicesHealth["members"][number];
type Balancer = ServicesHealth["haproxy"][number];

/** Of a listener that leads to others than these. One that does not answer is a problem already. */
function astray(
  service: string,
  { name, servers, error }: Balancer,
  listener: string,
  to: readonly { name: string }[],
) {
  const up = servers.filter((each) => each.listener === listener && each.state.startsWith("UP"));
  const [found, expected] = [up.map(({ server }) => server), to.map((each) => each.name)].map((names) =>
    names.sort().join(", "),
  );
  if (error !== undefined || found === expected) return undefined;
  return `${service} on ${name}: ${listener} leads to ${found || "nobody"}, not to ${expected || "nobody"}`;
}

const NOBODY: StandRoles = { primary: undefined, replica: undefined, etcdLeader: undefined };

/**
 * @param expected `guardian`: "runs", or "may act", which it may not for a while after each action
 * @returns the roles, or what is missing for the steady state
 */
export async function steadyState(
  { inventory, guardian }: Stand,
  expected: { readonly cluster: boolean; readonly guardian: "runs" | "may act" | undefined },
): Promise<{ readonly roles: StandRoles } | { readonly missing: string }> {
  const missing = expected.guardian === undefined ? [] : unguarded(guardian(), expected.guardian);
  let roles = NOBODY;
  if (expected.cluster && inventory !== undefined) {
    const services = await readServices(inventory, { withMonitoring: false });
    missing.push(...problemsOf(services));
    const { members = [], etcd = [] } = services ?? {};
    roles = {
      primary: members.find(({ role }) => role === "leader")?.name,
      replica: members.find(({ role }) => role === "sync_standby")?.name,
      etcdLeader: etcd.find(({ isLeader }) => isLeader)?.name,
    };
  }
  return missing.length > 0 ? { missing: missing.join("; ") } : { roles };
}

function unguarded(guardian: RunningGuardian | undefined, expected: "runs" | "may act"): string[] {
  if (guardian === undefined) return ["the guardian is not running (`ring up` starts it)"];
  const { coolDownMs } = guardian;
  return expected === "may act" && coolDownMs > 0
    ? [`the guardian acts again in ${Math.ceil(coolDownMs / 1_000)} s`]
    : [];
}

/** The address of the Weather API for its clients. */
export function serviceUrl(stand: Stand): string | undefined {
  const [machine] = byRole(stand, "ingress");
  return machine && `http://${machine.address}`;
}
