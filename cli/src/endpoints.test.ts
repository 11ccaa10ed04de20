import { expect, test } from "bun:test";
import type { Inventory, Machine, Role } from "@goldenring/stand";
import { endpointsOf } from "./endpoints.ts";

const machine = (role: Role, address: string): Machine => ({
  name: role,
  address,
  roles: [role],
  ssh: { user: undefined, port: undefined, keyFile: undefined, args: [], sudo: false },
});
const machines = [machine("prometheus", "10.1.0.6"), machine("ingress", "10.1.0.7")];
const inventory: Inventory = {
  file: "/inventory.yml",
  standName: "real",
  network: "10.1.0.0/24",
  secretsFolder: "/secrets",
  rto: "norm",
  labNamespace: undefined,
  fenceCommand: undefined,
  machines,
  replica: { cpu: 0.25, memoryMiB: 128 },
  byRole: (role) => machines.filter(({ roles }) => roles.includes(role)),
};

test("real machines are opened at their addresses, and a service without a machine is missing", async () => {
  expect(await endpointsOf({ lab: undefined, inventory: async () => inventory })).toEqual({
    api: "http://10.1.0.7:80",
    prometheus: "https://10.1.0.6:9090/classic/graph",
    alertmanager: "https://10.1.0.6:9093",
  });
});
