import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasProgram } from "../../../skips.fixture.ts";
import { parseListing, readAnsibleHosts } from "./ansible-inventory.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-inventory-"));
const cacheBefore = process.env.XDG_CACHE_HOME;
process.env.XDG_CACHE_HOME = join(folder, "cache");
afterAll(() => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
  rmSync(folder, { recursive: true });
});

test("hosts come in the order of the inventory, with all groups that hold them", () => {
  const hosts = parseListing({
    _meta: { hostvars: { b: { ansible_port: 25 } } },
    all: { children: ["ungrouped", "postgres", "api"] },
    postgres: { children: ["berlin"] },
    berlin: { hosts: ["b", "a"] },
    api: { hosts: ["c", "b"] },
  });
  expect(hosts).toEqual([
    { name: "b", groups: ["all", "postgres", "berlin", "api"], variables: { ansible_port: 25 } },
    { name: "a", groups: ["all", "postgres", "berlin"], variables: {} },
    { name: "c", groups: ["all", "api"], variables: {} },
  ]);
});

describe.skipIf(!hasProgram("ansible-inventory"))("with Ansible", () => {
  const INVENTORY = `all:
  vars: {one: all, secret: hidden}
  children:
    postgres:
      vars: {one: group}
      hosts: {"pg-[01:02]": }
`;
  const written = (name: string, text: string): string => {
    const inventory = join(folder, name, "inventory.yml");
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(inventory, text);
    return inventory;
  };

  test("ranges, group_vars and host_vars count, the nearer one wins, and a change of any of them is seen", async () => {
    const file = written("vars", INVENTORY);
    const ones = async () =>
      (await readAnsibleHosts(file, ["one"])).map(({ name, variables }) => [name, variables.one]);
    const variablesOf = (kind: string, name: string, text: string): void => {
      mkdirSync(join(folder, "vars", kind), { recursive: true });
      writeFileSync(join(folder, "vars", kind, name), text);
    };
    expect(await ones()).toEqual([
      ["pg-01", "group"],
      ["pg-02", "group"],
    ]);
    variablesOf("group_vars", "postgres.yml", "one: group file");
    expect(await ones()).toEqual([
      ["pg-01", "group file"],
      ["pg-02", "group file"],
    ]);
    variablesOf("host_vars", "pg-02.yml", "one: host file");
    expect(await ones()).toEqual([
      ["pg-01", "group file"],
      ["pg-02", "host file"],
    ]);
  }, 60_000);

  test("an unchanged inventory is not read twice, and what is not needed does not reach the cache", async () => {
    const file = written("cached", INVENTORY);
    const first = await readAnsibleHosts(file, ["one"]);
    const path = process.env.PATH;
    process.env.PATH = join(folder, "no-programs");
    try {
      expect(await readAnsibleHosts(file, ["one"])).toEqual([...first]);
      await expect(readAnsibleHosts(file, ["other"])).rejects.toThrow("install ansible-core");
    } finally {
      process.env.PATH = path;
    }
    for (const listing of cachedListings()) expect(listing).not.toContain("hidden");
  }, 60_000);

  test("the listing of a changed inventory replaces the one before", async () => {
    await readAnsibleHosts(written("changed", INVENTORY), ["one"]);
    const { length } = cachedListings();
    await readAnsibleHosts(written("changed", INVENTORY.replace("01:02", "01:03")), ["one"]);
    expect(cachedListings()).toHaveLength(length);
  }, 60_000);

  test("what Ansible would skip, and what it cannot read, is refused", async () => {
    const skipped = written("skipped", "all:\n  children:\n    etcd: {host: {a: }}\n");
    await expect(readAnsibleHosts(skipped, [])).rejects.toThrow("unexpected key (host) in group (etcd)");
    const broken = written("broken", "all: {");
    await expect(readAnsibleHosts(broken, [])).rejects.toThrow("Syntax Error");
  }, 60_000);
});

function cachedListings(): string[] {
  const caches = join(folder, "cache", "goldenring", "inventories");
  return readdirSync(caches).map((name) => readFileSync(join(caches, name), "utf8"));
}
