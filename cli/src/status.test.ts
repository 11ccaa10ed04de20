import { describe, expect, test } from "bun:test";
import type { GuardianReport } from "@goldenring/guardian";
import type { Inventory, Machine, Role, ServicesHealth } from "@goldenring/stand";
import { type Sources, statusOf } from "./status.ts";
import { statusText } from "./status-text.ts";

const machine = (name: string, role: Role): Machine => ({
  name,
  address: `10.88.0.${name.length}`,
  roles: [role],
  ssh: { user: "root", port: undefined, keyFile: undefined, args: [], sudo: false },
});
const machines = [
  machine("pg-01", "postgres"),
  machine("pg-02", "postgres"),
  machine("etcd-01", "etcd"),
  machine("haproxy", "haproxy"),
  machine("api-01", "api"),
];
const inventory: Inventory = {
  file: "/stand/inventory.yml",
  standName: "lab",
  network: "10.88.0.0/24",
  secretsFolder: "/stand/secrets",
  rto: "fast",
  labNamespace: "ring-lab",
  fenceCommand: undefined,
  machines,
  replica: { cpu: 0.25, memoryMiB: 128 },
  byRole: (role) => machines.filter(({ roles }) => roles.includes(role)),
};
const services: ServicesHealth = {
  members: [
    { name: "pg-01", role: "leader", state: "running", timeline: 3, postgresql: "17.6", patroni: "4.1.5" },
    { name: "pg-02", role: "sync_standby", state: "streaming", timeline: 3, lagBytes: 0 },
  ],
  etcd: [{ name: "etcd-01", isHealthy: true, isLeader: true, version: "3.5.16" }],
  haproxy: [
    {
      name: "haproxy",
      servers: [
        { listener: "master", server: "pg-01", state: "UP" },
        { listener: "master", server: "pg-02", state: "DOWN" },
        { listener: "replicas", server: "pg-02", state: "UP" },
      ],
    },
  ],
  api: [{ name: "api-01", isReady: true }],
  ingress: [],
  monitoring: {
    name: "prometheus",
    prometheus: {},
    alertmanager: {},
    targets: { up: 40, down: [], silent: [], unasked: 0 },
    alerts: [],
    backups: [],
    restoreTestedAt: undefined,
  },
};
const { monitoring } = services;
if (monitoring === undefined) throw new Error("the services of this test include monitoring");
const ago = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString();
/** The receiver's report. */
function heard(secondsAgo: number | undefined, startedSecondsAgo: number) {
  return { startedAt: ago(startedSecondsAgo), heartbeatAt: secondsAgo === undefined ? undefined : ago(secondsAgo) };
}
function guardianReport(verdict: GuardianReport["verdict"]): GuardianReport {
  const times = { startedAt: ago(60), aliveAt: ago(0) };
  const sees = { "pg-01": "primary answered 0.1 s ago", haproxy: "reaches PostgreSQL" };
  return { pid: 1, ...times, machines: {}, mode: "act", mayFence: false, verdict, coolDownMs: 0, sees, newest: [] };
}
const whole: Sources = {
  inventory,
  outside: machines.map(({ name }) => ({ name, state: "running" })),
  services,
  guardian: { isRunning: true, report: undefined },
  alertReceiver: { isRunning: true, report: heard(60, 60_000) },
  endpoints: { api: "http://127.0.0.1:8088" },
  runningCommand: undefined,
};

const NODE = { job: "node", instance: "pg-01:9100", machine: "pg-01" };
const withTargets = (targets: Partial<typeof monitoring.targets>) => ({
  ...monitoring,
  targets: { ...monitoring.targets, ...targets },
});

describe("the status of a stand", () => {
  test("that is whole has no problems, and names leader, endpoints and the file of the logins", () => {
    expect(statusOf(whole)).toMatchObject({
      problems: [],
      cluster: { leader: "pg-01" },
      endpoints: { api: "http://127.0.0.1:8088" },
      logins: "/stand/secrets/logins.json",
    });
  });

  const broken: [string, Partial<Sources>, string][] = [
    ["a machine is off", { outside: [{ name: "pg-02", state: "off" }] }, "pg-02 is off"],
    [
      "the ingress reaches no replica",
      { services: { ...services, ingress: [{ name: "ingress", isReady: false, servers: [], error: "answers 503" }] } },
      "the ingress on ingress: answers 503",
    ],
    ["a fault is active", { outside: [{ name: "pg-02", state: "running", faults: ["cut off"] }] }, "pg-02: cut off"],
    ["nothing can be asked", { services: undefined }, "the services cannot be asked"],
    [
      "the guardian is not running",
      { guardian: { isRunning: false, report: undefined } },
      "the guardian is not running",
    ],
    [
      "the guardian finds a primary sick and may do nothing",
      {
        guardian: {
          isRunning: true,
          report: guardianReport({ act: "advise", machine: "pg-01", why: ["it hangs", "paused"] }),
        },
      },
      "pg-01: it hangs; paused",
    ],
    [
      "there is no leader",
      { services: { ...services, members: [{ name: "pg-01", error: "no answer" }] } },
      "the database has no leader",
    ],
    [
      "etcd lost its quorum",
      { services: { ...services, etcd: [{ name: "etcd-01", isHealthy: false }] } },
      "etcd has no quorum",
    ],
    [
      "the replica is not synchronous",
      {
        services: {
          ...services,
          members: services.members.map((member) => ({
            ...member,
            role: member.role === "leader" ? "leader" : "replica",
          })),
        },
      },
      "the leader has no synchronous replica",
    ],
    [
      "HAProxy sees no primary",
      {
        services: {
          ...services,
          haproxy: [{ name: "haproxy", servers: [{ listener: "master", server: "pg-01", state: "DOWN" }] }],
        },
      },
      "HAProxy on haproxy: master leads to nobody, not to pg-01",
    ],
    [
      "a replica of the API is not ready",
      { services: { ...services, api: [{ name: "api-01", isReady: false, error: "answers 503" }] } },
      "the API on api-01: answers 503",
    ],
    [
      "Prometheus is unavailable",
      { services: { ...services, monitoring: { ...monitoring, prometheus: { error: "no answer" } } } },
      "Prometheus on prometheus: no answer",
    ],
    [
      "Alertmanager is unavailable",
      { services: { ...services, monitoring: { ...monitoring, alertmanager: { error: "no answer" } } } },
      "Alertmanager on prometheus: no answer",
    ],
    [
      "a target has been silent for a minute",
      { services: { ...services, monitoring: withTargets({ silent: [{ ...NODE, machine: "pg-01" }] }) } },
      "Prometheus has had no answer from pg-01:9100 (node) for a minute",
    ],
    [
      "Prometheus has not scraped all targets yet",
      { services: { ...services, monitoring: withTargets({ up: 17, down: [{ ...NODE, error: "" }], unasked: 1 }) } },
      "Prometheus has just started: 1 of 18 targets are not scraped yet",
    ],
    [
      "Prometheus does not know its targets yet",
      { services: { ...services, monitoring: withTargets({ up: 0 }) } },
      "Prometheus has just started: it has no targets yet",
    ],
    [
      "there is no backup yet",
      { services: { ...services, monitoring: { ...monitoring, backups: ["There is no backup in repository 1 yet"] } } },
      "There is no backup in repository 1 yet",
    ],
    [
      "the alert receiver is not running",
      { alertReceiver: { isRunning: false, report: undefined } },
      "the alert receiver is not running",
    ],
    [
      "the heartbeat of the alerts is older than two minutes",
      { alertReceiver: { isRunning: true, report: heard(125, 60_000) } },
      "no heartbeat of the alerts has arrived for 125 s",
    ],
    [
      "there has been no heartbeat since the receiver started",
      { alertReceiver: { isRunning: true, report: heard(undefined, 130) } },
      "no heartbeat of the alerts has arrived for 130 s",
    ],
  ];
  test.each(broken)("names the problem when %s", (_, change, problem) => {
    const status = statusOf({ ...whole, ...change });
    expect(status.problems.join("\n")).toContain(problem);
    expect(statusText(status)).toContain(`! ${problem}`);
  });

  test("waits two minutes for the heartbeat, and for none from a machine that is off", () => {
    for (const report of [heard(115, 60_000), heard(undefined, 115)])
      expect(statusOf({ ...whole, alertReceiver: { isRunning: true, report } }).problems).toEqual([]);
    const outside = [{ name: "prometheus", state: "off" }];
    const alertReceiver = { isRunning: true, report: heard(600, 60_000) };
    expect(statusOf({ ...whole, outside, alertReceiver }).problems).toEqual(["prometheus is off"]);
  });

  test("does not list silent services of a machine that is off", () => {
    const api = [{ name: "api-01", isReady: false, error: "no answer" }];
    const outside = [{ name: "api-01", state: "off" }];
    expect(statusOf({ ...whole, outside, services: { ...services, api } }).problems).toEqual(["api-01 is off"]);
  });

  test("shows a target that is down and an alert that fires, and counts neither as a problem", () => {
    const alert = {
      name: "HostHot",
      severity: "warning",
      machine: "pg-01",
      since: "2026-01-01T00:00:00Z",
      summary: "hot",
    };
    const restoreTestedAt = ago(2 * 86_400);
    const seen = {
      ...withTargets({ up: 39, down: [{ ...NODE, error: "connection refused" }] }),
      alerts: [alert],
      restoreTestedAt,
    };
    const status = statusOf({ ...whole, services: { ...services, monitoring: seen } });
    expect(status).toMatchObject({
      problems: [],
      monitoring: { targets: { up: 39, down: [{ ...NODE, error: "connection refused" }] }, alerts: [alert] },
    });
    const text = statusText(status);
    expect(text).toContain("Targets   39 of 40 up\n  - pg-01:9100 (node): connection refused\n");
    expect(text).toContain("Restore   last test 2 days ago\n");
    expect(text).toMatch(/Alerts {4}1 firing\n {2}- warning {2}HostHot {2}pg-01 {2}for \d+ days {2}hot/);
  });

  test("does not report monitoring on machines that are off", () => {
    const outside = ["pg-01", "prometheus"].map((name) => ({ name, state: "off" }));
    const silent = { ...withTargets({ silent: [NODE] }), prometheus: { error: "no answer" } };
    const { problems } = statusOf({ ...whole, outside, services: { ...services, monitoring: silent } });
    expect(problems).toEqual(["pg-01 is off", "prometheus is off"]);
  });

  test("marks an address where nothing answers", () => {
    const silent = { ...monitoring, prometheus: { error: "no answer within 1500 ms" } };
    const endpoints = { api: "http://here", prometheus: "https://there" };
    const text = statusText(statusOf({ ...whole, endpoints, services: { ...services, monitoring: silent } }));
    expect(text).toContain("prometheus  https://there  does not answer");
    expect(text).toContain("Targets   unknown: Prometheus does not answer (no answer within 1500 ms)");
    expect(text).toMatch(/^api +http:\/\/here$/m);
  });

  test("of a stand without a machine for monitoring has none", () => {
    const { monitoring: _, ...unwatched } = services;
    const status = statusOf({ ...whole, services: unwatched });
    expect(status).toMatchObject({ monitoring: null, problems: [] });
    expect(statusText(status)).not.toContain("Targets");
  });

  test("of real machines without a fence command needs no guardian", () => {
    const status = statusOf({
      ...whole,
      inventory: { ...inventory, labNamespace: undefined },
      outside: undefined,
      guardian: { isRunning: false, report: undefined },
      alertReceiver: undefined,
    });
    expect(status.problems).toEqual([]);
    expect(status.machines[0]?.state).toBe("unknown");
  });

  test("shows a person who does what", () => {
    const text = statusText(statusOf(whole));
    expect(text).toContain("Stand lab: all is well");
    expect(text).toContain("leader, running, timeline 3; PostgreSQL 17.6, Patroni 4.1.5");
    expect(text).toContain("sync standby, streaming, timeline 3, 0 B behind");
    expect(text).toContain("etcd 3.5.16 healthy, leader");
    expect(text).toContain("primary pg-01, replicas pg-02");
    expect(text).toContain("Restore   not tested yet\n");
  });
});

test("the status says what the guardian sees, machine by machine, and that it may not turn machines off", () => {
  const report = guardianReport({ act: "nothing", why: [] });
  const text = statusText(statusOf({ ...whole, guardian: { isRunning: true, report } }));
  expect(text).toContain("Guardian  watching, may not turn machines off");
  expect(text).toMatch(/- pg-01 +primary answered 0.1 s ago\n +- haproxy +reaches PostgreSQL/);
});
