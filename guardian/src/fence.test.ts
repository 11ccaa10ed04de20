import { expect, test } from "bun:test";
import type { Inventory, Machine } from "@goldenring/stand";
import { commandFence } from "./fence.ts";

const machine: Machine = {
  name: "pg-01",
  address: "10.88.0.11",
  roles: ["postgres"],
  ssh: { user: undefined, port: undefined, keyFile: undefined, args: [], sudo: false },
};

function fenceOf(fenceCommand: readonly string[] | undefined) {
  const inventory: Inventory = {
    file: "/inventory.yml",
    standName: "lab",
    network: "10.88.0.0/24",
    secretsFolder: "/secrets",
    rto: "fast",
    labNamespace: undefined,
    fenceCommand,
    machines: [machine],
    replica: { cpu: 0.25, memoryMiB: 128 },
    byRole: () => [],
  };
  return commandFence(inventory);
}

test("a fence command that succeeds means that its machine is off", async () => {
  expect(await fenceOf(["test", "{name}", "=", "pg-01"])?.isOff(machine)).toBe(true);
  expect(await fenceOf(["test", "{address}", "=", "10.88.0.99"])?.isOff(machine)).toBe(false);
});

test.each([["no-such-program"], ["sh -c kill$IFS-9$IFS$$"]])("%s is no answer", async (command) => {
  const answer = fenceOf(command.split(" "))?.isOff(machine);
  await expect(answer ?? Promise.resolve()).rejects.toThrow("the fence command gave no answer");
});

test("a stand without a fence command has no fence", () => {
  expect(fenceOf(undefined)).toBeUndefined();
});
