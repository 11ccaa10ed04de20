import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { stringify } from "yaml";
import { runProgram } from "../computer/run-program.ts";
import { parseAnsibleInventory } from "./ansible-inventory.ts";
import { fenceArgv, machineNamed } from "./inventory.ts";
import { InventoryError } from "./inventory-error.ts";
import { parseInventory, readInventory } from "./read-inventory.ts";

const FILE = "/stand/inventory.yml";
const VARS = { stand_name: "lab", stand_network: "10.88.0.0/24", stand_secrets: "/secrets" };

function inventoryOf(vars: object, children: object = { etcd: { hosts: { "etcd-01": null } } }): string {
  return stringify({ all: { vars: { ...VARS, ...vars }, children } });
}

function problemsOf(content: string): readonly string[] {
  try {
    parseInventory(FILE, content);
  } catch (error) {
    if (error instanceof InventoryError) return error.problems;
    throw error;
  }
  return [];
}

describe("an inventory", () => {
  test("gives machines in the order of the file, with roles, addresses and ssh settings", () => {
    const inventory = parseInventory(
      FILE,
      inventoryOf(
        { ansible_user: "root", rto: "fast", lab_namespace: "ring-lab", ansible_ssh_common_args: "-o 'A=b c'" },
        {
          postgres: { hosts: { "pg-02": { ansible_host: "10.88.0.12" }, "pg-01": { ansible_port: 2222 } } },
          api: { hosts: { "pg-02": null } },
        },
      ),
    );
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
        ssh: { user: "root", port: 2222, keyFile: undefined, args: ["-o", "A=b c"], sudo: false },
      },
    ]);
    expect(inventory.byRole("api").map(({ name }) => name)).toEqual(["pg-02"]);
    expect(inventory.byRole("ingress")).toEqual([]);
    expect(machineNamed(inventory, "pg-03")).toBeUndefined();
  });

  test("counts a host of a child group to the role above it, and lets the nearer variable win", () => {
    const { machines } = parseInventory(
      FILE,
      inventoryOf(
        { ansible_user: "far" },
        {
          postgres: { vars: { ansible_user: "near" }, children: { berlin: { vars: { ansible_port: 24 } } } },
          berlin: { hosts: { a: null, b: { ansible_port: 25 } } },
        },
      ),
    );
    expect(machines.map(({ roles, ssh: { user, port } }) => ({ roles, user, port }))).toEqual([
      { roles: ["postgres"], user: "near", port: 24 },
      { roles: ["postgres"], user: "near", port: 25 },
    ]);
  });

  test("may name folders from the home folder and from where it is itself", () => {
    const secrets = (value: string) => parseInventory(FILE, inventoryOf({ stand_secrets: value })).secretsFolder;
    expect(secrets("~/ring/secrets")).toBe(`${homedir()}/ring/secrets`);
    expect(secrets("{{ inventory_dir }}/secrets")).toBe("/stand/secrets");
  });

  test("may have a fence command, in which the machine is filled in", () => {
    const inventory = parseInventory(FILE, inventoryOf({ fence_command: ["is-off", "--host={name}", "{address}"] }));
    const [machine] = inventory.machines;
    expect(machine && fenceArgv(inventory, machine)).toEqual(["is-off", "--host=etcd-01", "etcd-01"]);
  });

  test("may hold secrets that only Ansible can read, as long as ring does not need them", () => {
    const secret = "!vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      6162\n";
    const content = (variable: string) => inventoryOf({}).replace("  vars:\n", `  vars:\n    ${variable}: ${secret}`);
    expect(problemsOf(content("my_token"))).toEqual([]);
    expect(problemsOf(content("ansible_user"))).toEqual(["line 3, all.vars.ansible_user: a text is expected"]);
  });
});

describe("an inventory is refused, with the place, when", () => {
  const cases: [string, string, string][] = [
    ["a variable is missing", stringify({ all: { hosts: { a: null } } }), "all.vars: stand_name is missing"],
    ["a value is wrong", inventoryOf({ rto: "quick" }), "line 6, all.vars.rto: fast, norm or safe is expected"],
    ["a network is none", inventoryOf({ stand_network: "10.88.0" }), "line 4, all.vars.stand_network: an IPv4 network"],
    ["a path is relative", inventoryOf({ stand_secrets: "secrets" }), "line 5, all.vars.stand_secrets: an absolute"],
    ["a quote is open", inventoryOf({ ansible_ssh_common_args: "-o 'a" }), "a quote ' is not closed"],
    ["a template is not known", inventoryOf({ stand_secrets: "{{ home }}/x" }), "only {{ inventory_dir }} are"],
    ["a password is given", inventoryOf({ ansible_password: "x" }), "ansible_password: is not understood; use a key"],
    ["it isn't ssh", inventoryOf({ ansible_connection: "local" }), "ansible_connection: only ssh is understood"],
    ["a host is a range", inventoryOf({}, { etcd: { hosts: { "etcd-[1:3]": null } } }), "ranges and patterns are not"],
    ["a word is unknown", inventoryOf({}, { etcd: { host: { a: null } } }), "line 9, all.children.etcd.host: is not"],
    ["hosts are a list", inventoryOf({}, { etcd: { hosts: ["a"] } }), "a mapping (name: ...) is expected"],
    ["it is empty", "", "there are no hosts in it"],
    ["a group holds itself", inventoryOf({}, { a: { children: { b: { children: { a: null } } } } }), "its own child"],
    [
      "two machines have one address",
      inventoryOf({}, { etcd: { hosts: { a: { ansible_host: "1.2.3.4" }, b: { ansible_host: "1.2.3.4" } } } }),
      "a and b have the same address (1.2.3.4 port 22)",
    ],
    ["it is not YAML", "all: {", "at line 1"],
  ];
  test.each(cases)("%s", (_, content, problem) => {
    expect(problemsOf(content).join("\n")).toContain(problem);
  });

  test("it does not exist", async () => {
    await expect(readInventory("/no/such/file.yml")).rejects.toThrow("/no/such/file.yml cannot be used:\n  ENOENT");
  });
});

const groupName = fc.constantFrom("etcd", "postgres", "berlin", "moscow");
const variables = fc.dictionary(fc.constantFrom("one", "two"), fc.constantFrom("a", "b", "c"), { maxKeys: 2 });
const hosts = fc.dictionary(fc.constantFrom("h1", "h2", "h3"), variables, { maxKeys: 2 });
const flatGroup = fc.record({ hosts, vars: variables });
const groups = fc.dictionary(
  groupName,
  fc.record({
    hosts,
    vars: variables,
    // Their names sort after the others', and nothing is its own child.
    children: fc.dictionary(fc.constantFrom("yard", "zone"), flatGroup, { maxKeys: 2 }),
  }),
);

/** What `ansible-inventory --list` says. */
interface Listed {
  readonly _meta: { readonly hostvars: Record<string, Record<string, string>> };
}

const ansible = await runProgram(["ansible-inventory", "--version"], { deadlineMs: 20_000 });

test("any inventory gives valid variables of hosts or names a problem, and never fails otherwise", () => {
  fc.assert(fc.property(fc.jsonValue(), (content) => void problemsOf(stringify(content))));
});

test.skipIf(ansible.code !== 0)(
  "hosts have the variables that Ansible gives them",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "goldenring-inventory-"));
    const file = join(folder, "inventory.yml");
    await fc.assert(
      fc.asyncProperty(variables, groups, async (vars, children) => {
        const content = stringify({ all: { vars, children } });
        writeFileSync(file, content);
        const { stdout } = await runProgram(["ansible-inventory", "-i", file, "--list"], { deadlineMs: 20_000 });
        const { hostvars } = (JSON.parse(stdout) as Listed)._meta;
        const ours = parseAnsibleInventory(file, content).hosts.map(({ name, variables }) => {
          return [name, Object.fromEntries([...variables].map(([key, { value }]) => [key, value]))];
        });
        // Ansible leaves out hosts without variables.
        const named = ours.filter(([, variables]) => Object.keys(variables ?? {}).length > 0);
        expect(Object.fromEntries(named)).toEqual(hostvars);
      }),
      { numRuns: 12 },
    );
    rmSync(folder, { recursive: true });
  },
  60_000,
);
