import { expect, test } from "bun:test";
import type { Machine } from "../inventory/inventory.ts";
import { inNamespace, sshCommand, sshTerminal } from "./ssh.ts";

const machine: Machine = {
  name: "pg-01",
  address: "10.88.0.11",
  roles: [],
  ssh: { user: "admin", port: 2222, keyFile: "/k", args: ["-o", "ConnectTimeout=1"], sudo: false },
};
const withSudo: Machine = { ...machine, ssh: { ...machine.ssh, sudo: true } };

test("ssh is given the inventory's options before our own, because it takes the first", () => {
  expect(sshCommand(machine, "id -u")).toEqual([
    ...["ssh", "-o", "ConnectTimeout=1", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"],
    ...["-i", "/k", "-p", "2222", "-l", "admin", "--", "10.88.0.11", "id -u"],
  ]);
});

test("where the login is not root, the whole command line runs under sudo", () => {
  expect(sshCommand(withSudo, "cd / && ls 'a b'").at(-1)).toBe(`sudo -n -- sh -c 'cd / && ls '\\''a b'\\'''`);
  expect(sshTerminal(withSudo).at(-1)).toBe("sudo -i");
});

test("a command runs in the lab's namespace only when there is one", () => {
  expect(inNamespace({ labNamespace: undefined }, ["curl"])).toEqual(["curl"]);
  expect(inNamespace({ labNamespace: "ring-lab" }, ["curl"])).toEqual([
    ...["nsenter", "--net=/run/netns/ring-lab", "--", "curl"],
  ]);
});
