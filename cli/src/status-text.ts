import { columns, oneLine } from "@goldenring/run-kit";
import { SERVICE_NAMES } from "@goldenring/stand";
import type { StandStatus } from "./status.ts";

export function statusText(status: StandStatus): string {
  const { stand, runningCommand, machines, cluster, monitoring, endpoints, logins, problems } = status;
  const health =
    problems.length === 0 ? "all is well" : `${problems.length === 1 ? "1 problem" : `${problems.length} problems`}`;
  const machineRows = machines.map(({ name, address, state, bootedAt, limit, faults }) => [
    name,
    address,
    state === "unknown" ? "" : state,
    serviceOn(name, status),
    limit ? `${limit.cpu} CPU, ${limit.memoryMiB} MiB` : "",
    bootedAt ? `up ${age(bootedAt)}` : "",
    faults?.join(", ") ?? "",
  ]);
  const endpointRows = SERVICE_NAMES.flatMap((name) => {
    const url = endpoints[name];
    return url === undefined ? [] : [[name, url, isSilent(name, status) ? "does not answer" : ""]];
  });
  const { guardian } = cluster;
  const lastAction = guardian.newest.findLast(({ machine }) => machine !== undefined);
  return [
    `Stand ${stand}: ${health}`,
    ...(runningCommand === null
      ? []
      : [`  ${runningCommand} is changing it: what is missing may not be installed yet`]),
    ...problems.map((problem) => `  ! ${oneLine(problem)}`),
    "",
    ...columns(machineRows),
    "",
    `Platform  ${platformWords(cluster)}`,
    ...columns(
      (cluster.kubernetes?.pods ?? []).map(({ name, node = "no node", isReady, phase, restarts }) => [
        `  - ${name}`,
        node,
        isReady ? "ready" : `${phase}, not ready`,
        `${restarts} restarts`,
      ]),
    ),
    `Leader    ${cluster.leader ?? "unknown"}`,
    `Guardian  ${guardianWords(guardian)}${lastAction ? `; last: ${[lastAction.machine, lastAction.event, lastAction.detail].filter(Boolean).join(" ")} (${age(lastAction.time)} ago)` : ""}`,
    ...columns(Object.entries(guardian.sees).map(([name, view]) => [`  - ${name}`, oneLine(view)])),
    ...monitoringLines(monitoring),
    "",
    ...columns(endpointRows),
    `Logins: ring logins (file ${logins})`,
  ].join("\n");
}

function platformWords({ platform, kubernetes }: StandStatus["cluster"]): string {
  if (kubernetes === null) return platform;
  const { nodes, error } = kubernetes;
  if (error !== undefined) return `${platform}: its API server does not answer`;
  return `${platform}: ${nodes.filter(({ isReady }) => isReady).length} of ${nodes.length} nodes ready; pods:`;
}

function guardianWords({ isRunning, mode, mayFence, verdict, coolDownMs }: StandStatus["cluster"]["guardian"]): string {
  if (!isRunning) return "not running";
  const may = mayFence ? "" : ", may not turn machines off (no power_off_command): it then only advises";
  const does = { act: `watching${may}`, advise: "only advises", pause: "paused: it does nothing" }[mode ?? "act"];
  const finds =
    verdict === null || verdict.act === "nothing"
      ? []
      : [`${verdict.act} ${verdict.machine ?? ""}: ${verdict.why.join("; ")}`];
  const rests = coolDownMs ? [`acts again in ${Math.ceil(coolDownMs / 1_000)} s`] : [];
  return [does, ...rests, ...finds].map(oneLine).join("; ");
}

/** Whether the service behind an address is known not to answer. */
function isSilent(service: string, { monitoring }: StandStatus): boolean {
  if (service === "prometheus") return monitoring?.prometheus.error !== undefined;
  return service === "alertmanager" && monitoring?.alertmanager.error !== undefined;
}

function monitoringLines(monitoring: StandStatus["monitoring"]): string[] {
  if (monitoring === null) return [];
  const { prometheus, targets, alerts, backups, restoreTestedAt } = monitoring;
  if (prometheus.error !== undefined) return [`Targets   unknown: Prometheus does not answer (${prometheus.error})`];
  const { up, down } = targets;
  return [
    `Targets   ${up} of ${up + down.length} up`,
    ...down.map(({ job, instance, error }) => `  - ${oneLine(`${instance} (${job}): ${error}`)}`),
    `Backups   ${backups.length === 0 ? "no problem known; ring backup list shows them" : backups.map(oneLine).join("; ")}`,
    `Restore   ${restoreTestedAt === undefined ? "not tested yet" : `last test ${age(restoreTestedAt)} ago`}`,
    `Alerts    ${alerts.length === 0 ? "none firing" : `${alerts.length} firing`}`,
    ...columns(
      alerts.map(({ name, severity, machine, since, summary }) => [
        `  - ${severity}`,
        name,
        machine,
        `for ${age(since)}`,
        summary,
      ]),
    ),
  ];
}

function serviceOn(name: string, { cluster }: StandStatus): string {
  const parts: string[] = [];
  const database = cluster.members.find((member) => member.name === name);
  if (database?.error !== undefined) parts.push("Patroni does not answer");
  else if (database !== undefined) {
    const lag = database.lagBytes === undefined ? "" : `, ${bytes(database.lagBytes)} behind`;
    parts.push(`${database.role?.replaceAll("_", " ")}, ${database.state}, timeline ${database.timeline ?? "?"}${lag}`);
    parts.push(`PostgreSQL ${database.postgresql ?? "?"}, Patroni ${database.patroni ?? "?"}`);
  }
  const etcd = cluster.etcd.find((member) => member.name === name);
  if (etcd !== undefined) {
    const version = etcd.version === undefined ? "" : ` ${etcd.version}`;
    parts.push(`etcd${version} ${etcd.isHealthy ? "healthy" : "not healthy"}${etcd.isLeader ? ", leader" : ""}`);
  }
  const balancer = cluster.haproxy.find((one) => one.name === name);
  if (balancer?.error !== undefined) parts.push("HAProxy does not answer");
  else if (balancer !== undefined) {
    const up = (listener: string): string => {
      const names = balancer.servers.filter((one) => one.listener === listener && one.state.startsWith("UP"));
      return names.map(({ server }) => server).join(" ") || "none";
    };
    parts.push(`primary ${up("master")}, replicas ${up("replicas")}`);
  }
  const node = cluster.kubernetes?.nodes.find((one) => one.name === name);
  if (node !== undefined)
    parts.push(`node ${node.isReady ? "ready" : "not ready"}${node.unschedulable ? ", takes no pods" : ""}`);
  const replica = cluster.api.find((one) => one.name === name);
  if (replica !== undefined) parts.push(replica.isReady ? "API ready" : "API not ready");
  const ingress = cluster.ingress.find((one) => one.name === name);
  if (ingress !== undefined) parts.push(ingress.isReady ? "reaches the API" : "does not reach the API");
  return parts.join("; ");
}

/** How long ago it was. @param time ISO 8601 */
export function age(time: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

export function bytes(count: number): string {
  if (count < 10_000) return `${count} B`;
  return count < 10_000_000 ? `${Math.round(count / 1_000)} kB` : `${Math.round(count / 1_000_000)} MB`;
}
