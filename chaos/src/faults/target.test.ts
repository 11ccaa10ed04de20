import { expect, test } from "bun:test";
import { type Role, thisComputer } from "@goldenring/stand";
import { NotAvailable, on, resolveTarget } from "./fault.ts";

const NAMES: Readonly<Record<string, Role>> = {
  "pg-01": "postgres",
  "pg-02": "postgres",
  "etcd-01": "etcd",
  "etcd-02": "etcd",
  "api-01": "api",
  "api-02": "api",
};
const alone = thisComputer("/nowhere");
const stand = {
  ...alone,
  machines: Object.entries(NAMES).map(([name, role]) => ({ ...alone.operator, name, roles: [role] })),
};
const roles = { primary: "pg-02", replica: "pg-01", etcdLeader: "etcd-02" };
const resolved = (target: string, round = 1): readonly string[] => resolveTarget(on.parse(target), stand, roles, round);

test("a target is found by what a machine is at the moment, by its role, its place among its like, or its name", () => {
  expect(resolved("primary")).toEqual(["pg-02"]);
  expect(resolved("replica")).toEqual(["pg-01"]);
  expect(resolved("etcd-leader")).toEqual(["etcd-02"]);
  expect(resolved("etcd")).toEqual(["etcd-01", "etcd-02"]);
  expect(resolved("etcd/2")).toEqual(["etcd-02"]);
  expect(resolved("machine/api-02")).toEqual(["api-02"]);
  expect(resolved("operator")).toEqual(["operator"]);
});

test("next is another one each round", () => {
  expect([1, 2, 3].map((round) => resolved("api/next", round)[0])).toEqual(["api-01", "api-02", "api-01"]);
  expect([1, 2, 3].map((after) => resolved(`api/next+${after}`, 1)[0])).toEqual(["api-02", "api-01", "api-02"]);
});

test("on Kubernetes the control plane acts on pods and deployments, and node is another one with pods each round", () => {
  const node = (name: string, ...roles: Role[]) => ({ ...alone.operator, name, roles });
  const machines = [
    node("k8s-01", "kubernetes"),
    node("k8s-02", "api", "kubernetes"),
    node("k8s-03", "api", "kubernetes"),
  ];
  const found = (target: string, round = 1) => resolveTarget(on.parse(target), { ...alone, machines }, roles, round);
  for (const target of ["deployment", "pod/any", "pod/all-of-one-node", "kubernetes/1"])
    expect(found(target)).toEqual(["k8s-01"]);
  expect([1, 2, 3].map((round) => found("node", round)[0])).toEqual(["k8s-02", "k8s-03", "k8s-02"]);
  for (const target of ["deployment", "pod/any", "node", "kubernetes/1"])
    expect(() => resolved(target)).toThrow(NotAvailable);
});

test("what the stand does not have is refused, and so is what is no target", () => {
  expect(() => resolved("etcd/3")).toThrow('no machine for "etcd/3"');
  expect(() => resolved("haproxy")).toThrow();
  expect(() => resolveTarget("primary", stand, { ...roles, primary: undefined }, 1)).toThrow();
  expect(on.safeParse("everything").success).toBe(false);
});
