import { describe, expect, test } from "bun:test";
import { homedir } from "node:os";
import fc from "fast-check";
import { commandFor, InventoryError, machineNamed } from "./inventory.ts";
import { inventoryOf, readInventory } from "./read-inventory.ts";

const FILE = "/stand/inventory.yml";
const STAND = { stand_name: "lab", stand_network: "10.88.0.0/24", stand_secrets: "/secrets" };

const host = (name: string, groups: readonly string[], variables: object = {}) => ({
  name,
  groups,
  variables: { ...STAND, ...variables },
});

const oneHost = (variables: object) => inventoryOf(FILE, [host("etcd-01", ["etcd"], variables)]);

function problemsOf(hosts: Parameters<typeof inventoryOf>[1]): readonly string[] {
  try {
    inventoryOf(FILE, hosts);
  } catch (error) {
    if (error instanceof InventoryError) return error.problems;
    throw error;
  }
  return [];
}

describe("an inventory", () => {
  test("gives machines in its order, with roles, addresses and ssh settings", () => {
    const all = { ansible_user: "root", ansible_ssh_common_args: "-o 'A=b c'" };
    const inventory = inventoryOf(FILE, [
      host("pg-02", ["all", "api", "postgres"], { ...all, ansible_host: "10.88.0.12" }),
      host("pg-01", ["all", "postgres", "berlin"], { ...all, ansible_port: 2222, ansible_become: true }),
    ]);
    expect(inventory.machines).toEqual([
      {
        name: "pg-02",
        address: "10.88.0.12",
        roles: ["postgres", "api"],
        ssh: { user: "root", port: undefined, keyFile: undefined, args: ["-o", "A=b c"], sudo: false },
      },
      {
        name: "pg-01",
        address: "pg-01",
        roles: ["postgres"],
        ssh: { user: "root", port: 2222, keyFile: undefined, args: ["-o", "A=b c"], sudo: true },
      },
    ]);
    expect(inventory.byRole("api").map(({ name }) => name)).toEqual(["pg-02"]);
    expect(inventory.byRole("ingress")).toEqual([]);
    expect(machineNamed(inventory, "pg-03")).toBeUndefined();
  });

  test("may name folders from the home folder and from where it is itself", () => {
    expect(oneHost({ stand_secrets: "~/ring/secrets" }).secretsFolder).toBe(`${homedir()}/ring/secrets`);
    expect(oneHost({ stand_secrets: "{{ inventory_dir }}/secrets" }).secretsFolder).toBe("/stand/secrets");
  });

  test("may have a fence command, in which the machine is filled in", () => {
    const inventory = oneHost({ fence_command: ["is-off", "--host={name}", "{address}"] });
    const [machine] = inventory.machines;
    expect(machine && commandFor(machine, inventory.fenceCommand ?? [])).toEqual([
      "is-off",
      "--host=etcd-01",
      "etcd-01",
    ]);
  });
});

test("an inventory has the size of the replicas, which is that of 2023 unless it names another one", () => {
  expect(oneHost({}).replica).toEqual({ cpu: 0.25, memoryMiB: 128 });
  const replicas = ["a", "b"].map((name) => host(name, ["api"], { api_cpu_percent: 50, api_memory_mib: 256 }));
  expect(inventoryOf(FILE, [host("etcd-01", ["etcd"]), ...replicas]).replica).toEqual({ cpu: 0.5, memoryMiB: 256 });
});

describe("an inventory is refused, with the variable, when", () => {
  const cases: [string, Parameters<typeof inventoryOf>[1], string][] = [
    ["a variable is missing", [{ name: "a", groups: [], variables: {} }], "all hosts: stand_name is missing"],
    ["a value is wrong", [host("a", [], { rto: "quick" })], "all hosts: rto: fast, norm or safe is expected"],
    ["a network is none", [host("a", [], { stand_network: "10.88.0" })], "stand_network: an IPv4 network"],
    ["a path is relative", [host("a", [], { stand_secrets: "secrets" })], "stand_secrets: an absolute"],
    ["a quote is open", [host("a", [], { ansible_ssh_common_args: "-o 'a" })], "a quote ' is not closed"],
    ["a template is not known", [host("a", [], { stand_secrets: "{{ home }}/x" })], "only {{ inventory_dir }} are"],
    ["a password is given", [host("a", [], { ansible_password: "x" })], "ansible_password is not supported; use a key"],
    ["it isn't ssh", [host("a", [], { ansible_connection: "local" })], "ansible_connection: only ssh is supported"],
    ["a value is encrypted", [host("a", [], { ansible_user: { __ansible_vault: "x" } })], "ansible_user: a text is"],
    ["a host's name is an address", [host("1.2.3.4", [])], "a host's name has only letters, digits and hyphens"],
    ["one host is wrong", [host("a", []), host("b", [], { ansible_port: 0 })], "b: ansible_port: "],
    ["hosts are of different stands", [host("a", []), host("b", [], { stand_name: "b" })], "must be the same for all"],
    [
      "a machine can be turned off, and nobody can tell whether it is",
      [host("a", [], { power_off_command: ["off"] })],
      "power_off_command needs fence_command",
    ],
    [
      "a replica is too small",
      [host("a", ["api"], { api_memory_mib: 64 })],
      "api_memory_mib: 128 to 65536 MiB are expected",
    ],
    [
      "a replica has no CPU",
      [host("a", ["api"], { api_cpu_percent: 0 })],
      "api_cpu_percent: 10 to 6400 % of a core are",
    ],
    [
      "replicas differ",
      [host("a", ["api"]), host("b", ["api"], { api_memory_mib: 256 })],
      "must be the same for all machines of the API",
    ],
    [
      "there are too many replicas",
      Array.from({ length: 31 }, (_, n) => host(`a${n}`, ["api"])),
      "api has 31 machines",
    ],
    ["it is empty", [], "there are no hosts in it"],
    [
      "two machines have one address",
      [host("a", [], { ansible_host: "1.2.3.4" }), host("b", [], { ansible_host: "1.2.3.4" })],
      "a and b have the same address (1.2.3.4 port 22)",
    ],
  ];
  test.each(cases)("%s", (_, hosts, problem) => {
    expect(problemsOf(hosts).join("\n")).toContain(problem);
  });

  test("it does not exist", async () => {
    await expect(readInventory("/no/such/file.yml")).rejects.toThrow(
      "/no/such/file.yml cannot be used:\n  there is no",
    );
  });
});

test.each(["a b", "it's", '"', "$(id)", "`id`", "a;id", "a\nb", "..", "a/../b", "-oProxyCommand=id", "a\u001b[2J"])(
  "%j is no name of a host, stand, account or namespace: each is refused, and named",
  (hostile) => {
    for (const variable of ["stand_name", "lab_namespace", "ansible_host", "ansible_user"])
      expect(problemsOf([host("a", [], { [variable]: hostile })]).join()).toContain(`${variable}: `);
    expect(problemsOf([host(hostile, [])]).join()).toContain("a host's name has only letters");
  },
);

test("any variables give machines or name a problem, and never fail otherwise", () => {
  const variable = fc.constantFrom("ansible_host", "ansible_port", "stand_name", "fence_command", "ansible_become");
  fc.assert(
    fc.property(fc.dictionary(variable, fc.jsonValue()), (variables) => void problemsOf([host("a", [], variables)])),
  );
});
