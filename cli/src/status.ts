import type { GuardianReport } from "@goldenring/guardian";
import type { ReceiverReport } from "@goldenring/monitoring";
import { type Inventory, type MonitoringHealth, problemsOf, type ServicesHealth } from "@goldenring/stand";
import type { Endpoints } from "./endpoints.ts";

export interface MachineOutside {
  readonly name: string;
  readonly state: string;
  readonly bootedAt?: string | undefined;
  readonly limit?: { readonly cpu: number; readonly memoryMiB: number } | undefined;
  readonly faults?: readonly string[] | undefined;
}

export interface Sources {
  readonly inventory: Inventory;
  readonly outside: readonly MachineOutside[] | undefined;
  /** Undefined when the network that they are in does not exist. */
  readonly services: ServicesHealth | undefined;
  readonly guardian: { readonly isRunning: boolean; readonly report: GuardianReport | undefined };
  /** Undefined for real machines: their alerts go to the webhook of the inventory. */
  readonly alertReceiver:
    | { readonly isRunning: boolean; readonly report: Pick<ReceiverReport, "startedAt" | "heartbeatAt"> | undefined }
    | undefined;
  readonly endpoints: Endpoints;
  /** The command that is changing the stand now, with its process. */
  readonly runningCommand: string | undefined;
}

export type StandStatus = ReturnType<typeof statusOf>;

/** The stand at a glance: what `ring status --json` prints. */
export function statusOf(sources: Sources) {
  const { inventory, outside, services, guardian, alertReceiver, endpoints, runningCommand } = sources;
  const machines = inventory.machines.map(({ name, address, roles }) => {
    const seen: Partial<MachineOutside> = outside?.find((machine) => machine.name === name) ?? {};
    return { name, address, roles, state: "unknown", ...seen };
  });
  const { members = [], etcd = [], haproxy = [], api = [], ingress = [], kubernetes } = services ?? {};
  const cluster = {
    name: inventory.standName,
    rto: inventory.rto,
    leader: members.find(({ role }) => role === "leader")?.name ?? null,
    ...{ members, etcd, haproxy, api, ingress },
    platform: inventory.byRole("kubernetes").length > 0 ? ("kubernetes" as const) : ("machines" as const),
    kubernetes: kubernetes ?? null,
    guardian: {
      isRunning: guardian.isRunning,
      ...guardianOf(guardian),
      newest: guardian.report?.newest ?? [],
    },
  };
  return {
    stand: inventory.standName,
    runningCommand: runningCommand ?? null,
    machines,
    cluster,
    monitoring: monitoringOf(services?.monitoring, alertReceiver),
    endpoints,
    logins: `${inventory.secretsFolder}/logins.json`,
    inventory: inventory.file,
    problems: allProblems(sources),
  };
}

/** What the guardian may do and sees; nothing of one that does not run. */
function guardianOf({ isRunning, report }: Sources["guardian"]) {
  if (!isRunning || report === undefined)
    return { machines: {}, mode: null, mayFence: null, verdict: null, coolDownMs: null, sees: {} };
  const { machines, mode, mayFence, verdict, coolDownMs, sees } = report;
  return { machines, mode, mayFence, verdict, coolDownMs, sees };
}

/** Null for a stand without monitoring, and when nothing could be asked. */
function monitoringOf(seen: MonitoringHealth | undefined, alertReceiver: Sources["alertReceiver"]) {
  if (seen === undefined) return null;
  const { prometheus, alertmanager, targets, alerts, backups, restoreTestedAt } = seen;
  const { up, down, unasked } = targets;
  const heartbeatAt = alertReceiver?.report?.heartbeatAt;
  const receiver = alertReceiver && { alertReceiver: { isRunning: alertReceiver.isRunning, heartbeatAt } };
  return { prometheus, alertmanager, ...receiver, targets: { up, down, unasked }, alerts, backups, restoreTestedAt };
}

/** Everything that differs from a stand on which all is well. */
function allProblems({ inventory, outside = [], services, guardian, alertReceiver }: Sources): string[] {
  const off = outside.flatMap(({ name, state }) => (state === "running" ? [] : [`${name} is ${state}`]));
  const faults = outside.flatMap(({ name, faults = [] }) => faults.map((fault) => `${name}: ${fault}`));
  const isOff = (name: string): boolean => outside.some((machine) => machine.name === name && machine.state === "off");
  const ofServices = problemsOf(services, isOff);
  const isGuarded = inventory.labNamespace !== undefined || inventory.fenceCommand !== undefined;
  const unguarded = isGuarded && !guardian.isRunning ? ["the guardian is not running"] : [];
  const verdict = guardian.isRunning ? guardian.report?.verdict : undefined;
  const sick =
    verdict === undefined || verdict.act === "nothing" ? [] : [`${verdict.machine}: ${verdict.why.join("; ")}`];
  const isExpected = services?.monitoring !== undefined && !isOff(services.monitoring.name);
  const unheard = alertReceiver ? silenceOf(alertReceiver, isExpected) : [];
  return [
    ...off,
    ...faults,
    ...ofServices,
    ...blindSpots(services?.monitoring, isOff),
    ...unguarded,
    ...sick,
    ...unheard,
  ];
}

/** The heartbeat is an alert that always fires, sent every minute. Without it no other alert arrives. */
const MAX_SILENCE_MS = 120_000;

function silenceOf({ isRunning, report }: NonNullable<Sources["alertReceiver"]>, isExpected: boolean): string[] {
  if (!isRunning) return ["the alert receiver is not running"];
  const silentMs = Date.now() - Date.parse(report?.heartbeatAt ?? report?.startedAt ?? "");
  if (!isExpected || silentMs <= MAX_SILENCE_MS) return [];
  return [
    `no heartbeat of the alerts has arrived for ${Math.round(silentMs / 1_000)} s: other alerts do not arrive either`,
  ];
}

/** In its first moments Prometheus does not know its targets either. */
function unscraped({ up, down, unasked }: MonitoringHealth["targets"]): string[] {
  const count = up + down.length;
  if (count > 0 && unasked === 0) return [];
  return [
    `Prometheus has just started: ${count === 0 ? "it has no targets yet" : `${unasked} of ${count} targets are not scraped yet`}`,
  ];
}

/**
 * What monitoring cannot see, and what it sees of the backups. What else it sees is not repeated here: ring asks the services themselves, which know at
 * once what Prometheus knows some scrapes later.
 */
function blindSpots(monitoring: MonitoringHealth | undefined, isOff: (name: string) => boolean): string[] {
  if (monitoring === undefined || isOff(monitoring.name)) return [];
  const { name, prometheus, alertmanager, targets, backups } = monitoring;
  return [
    ...backups,
    ...Object.entries({ Prometheus: prometheus, Alertmanager: alertmanager }).flatMap(([service, { error }]) =>
      error === undefined ? [] : [`${service} on ${name}: ${error}`],
    ),
    ...(prometheus.error === undefined ? unscraped(targets) : []),
    ...targets.silent
      .filter(({ machine }) => !isOff(machine))
      .map(({ job, instance }) => `Prometheus has had no answer from ${instance} (${job}) for a minute`),
  ];
}
