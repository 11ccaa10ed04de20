import { expect, test } from "bun:test";
import type { ServicesHealth } from "./ask-services.ts";
import { problemsOf } from "./judge.ts";

const up = (listener: string, ...servers: string[]) => servers.map((server) => ({ listener, server, state: "UP" }));

const WHOLE: ServicesHealth = {
  members: [
    { name: "pg-01", role: "leader", state: "running", timeline: 3 },
    { name: "pg-02", role: "sync_standby", state: "streaming", timeline: 3 },
    { name: "pg-03", role: "replica", state: "streaming", timeline: 3 },
  ],
  etcd: [{ name: "etcd-01", isHealthy: true, isLeader: true }],
  haproxy: [{ name: "haproxy", servers: [...up("master", "pg-01"), ...up("replicas", "pg-03", "pg-02")] }],
  api: [
    { name: "api-01", isReady: true },
    { name: "api-02", isReady: true },
  ],
  ingress: [{ name: "ingress", isReady: true, servers: up("api", "api-01", "api-02") }],
};
const [leader, standby, replica] = WHOLE.members;
if (!leader || !standby || !replica) throw new Error("the stand of this test has three database machines");

test("a stand on which all services are well has no problem, and neither has one without a part", () => {
  expect(problemsOf(WHOLE)).toEqual([]);
  expect(problemsOf({ members: [], etcd: [], haproxy: [], api: [], ingress: [] })).toEqual([]);
  const one = { ...WHOLE, members: [leader], haproxy: [{ name: "haproxy", servers: up("master", "pg-01") }] };
  expect(problemsOf(one)).toEqual([]);
});

test("nodes and pods that are not ready are problems, unless their machine is off", () => {
  const kubernetes = {
    name: "k8s-01",
    nodes: [
      { name: "k8s-02", isReady: false, unschedulable: false },
      { name: "k8s-03", isReady: true, unschedulable: true },
    ],
    pods: [
      { name: "weather-1", node: "k8s-02", phase: "Running", isReady: false, restarts: 0 },
      { name: "weather-2", node: undefined, phase: "Pending", isReady: false, restarts: 0 },
    ],
  };
  const problems = (isOff: (name: string) => boolean) => problemsOf({ ...WHOLE, kubernetes }, isOff);
  const left = ["the node k8s-03 takes no pods (kubectl uncordon k8s-03)", "the pod weather-2 on no node is not ready"];
  expect(problems((name) => name === "k8s-02")).toEqual(left);
  const without = { ...kubernetes, nodes: [{ name: "api-02", isReady: true, unschedulable: false }], pods: [] };
  const api = [
    { name: "api-01", isReady: true },
    { name: "api-02", isReady: false, error: "ECONNREFUSED" },
  ];
  const ingress = [{ name: "ingress", isReady: true, servers: up("api", "api-01") }];
  expect(problemsOf({ ...WHOLE, api, ingress, kubernetes: without })).toEqual([]);
  expect(problems(() => false)).toEqual(
    expect.arrayContaining([...left, "the node k8s-02 is not ready", "the pod weather-1 on k8s-02 is not ready"]),
  );
});

test.each([
  ["two leaders", { members: [leader, { ...standby, role: "leader" }, replica] }, "the database has two leaders"],
  [
    "a standby of an old timeline",
    { members: [leader, { ...standby, timeline: 2 }, replica] },
    "no synchronous replica",
  ],
  [
    "a standby that does not stream",
    { members: [leader, { ...standby, state: "starting" }, replica] },
    "PostgreSQL on pg-02 is starting",
  ],
  [
    "a balancer that leads writers to an old leader",
    { haproxy: [{ name: "haproxy", servers: [...up("master", "pg-02"), ...up("replicas", "pg-02", "pg-03")] }] },
    "HAProxy on haproxy: master leads to pg-02, not to pg-01",
  ],
  [
    "a balancer that misses a replica",
    { haproxy: [{ name: "haproxy", servers: [...up("master", "pg-01"), ...up("replicas", "pg-03")] }] },
    "HAProxy on haproxy: replicas leads to pg-03, not to pg-02, pg-03",
  ],
  [
    "an ingress that does not use a ready replica yet",
    { ingress: [{ name: "ingress", isReady: true, servers: up("api", "api-01") }] },
    "the ingress on ingress: api leads to api-01, not to api-01, api-02",
  ],
])("names %s", (_, change, problem) => {
  expect(problemsOf({ ...WHOLE, ...change }).join("\n")).toContain(problem);
});

test("what a machine that is off does not answer is no further problem", () => {
  const members = [leader, standby, { name: "pg-03", error: "no answer" }];
  const haproxy = [{ name: "haproxy", servers: [...up("master", "pg-01"), ...up("replicas", "pg-02")] }];
  expect(problemsOf({ ...WHOLE, members, haproxy })).toEqual(["Patroni on pg-03: no answer"]);
  expect(problemsOf({ ...WHOLE, members, haproxy }, (name) => name === "pg-03")).toEqual([]);
});
