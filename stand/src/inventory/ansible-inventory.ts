import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import * as z from "zod";
import { ifMissing } from "../computer/errors.ts";
import { readJsonFile, replaceFile } from "../computer/files.ts";
import { runProgram } from "../computer/run-program.ts";
import { CHECKOUT, cleanEnvironment } from "../computer/start-program.ts";
import { InventoryError } from "./inventory.ts";

const DEADLINE_MS = 60_000;
/** Part of a cached listing's checksum: another form of it gets another number. */
const CACHE_VERSION = 1;
/** Variables of the playbook's own folder count, too. */
const PLAYBOOK_FOLDER = join(CHECKOUT, "cluster");

const AnsibleHost = z.object({
  name: z.string(),
  /** Every group that holds it, directly or through a child group. */
  groups: z.array(z.string()).readonly(),
  /** The value that wins for this host, templates not expanded. */
  variables: z.record(z.string(), z.unknown()).readonly(),
});
/** A host as Ansible sees it. */
export type AnsibleHost = z.output<typeof AnsibleHost>;

const Group = z.object({ hosts: z.array(z.string()).default([]), children: z.array(z.string()).default([]) });
/** What the cache has of one inventory: the hosts, and of which content. */
const Cached = z.object({ checksum: z.string(), hosts: z.array(AnsibleHost).readonly() });

/** What `ansible-inventory --list` prints. */
const Listing = z
  .object({ _meta: z.object({ hostvars: z.record(z.string(), z.record(z.string(), z.unknown())) }) })
  .catchall(Group);

/**
 * The hosts of an inventory as `ansible-inventory` reads them: with group_vars/ and host_vars/, ranges, and any form that Ansible knows. Running it
 * takes most of a second, so what it printed for the same files is kept, as far as `variables` names it.
 *
 * @param variables the names that are needed; everything else is dropped, so that no secret of an inventory reaches the cache
 * @returns in the order of the inventory
 * @throws {InventoryError} where Ansible cannot read it, or would skip a part of it
 */
export async function readAnsibleHosts(file: string, variables: readonly string[]): Promise<readonly AnsibleHost[]> {
  const checksum = checksumOf(file, variables);
  const cache = cacheFile(file);
  const cached = checksum && readJsonFile(cache, Cached);
  if (cached && cached.checksum === checksum) return cached.hosts;
  const hosts = parseListing(await list(file)).map((host) => ({
    ...host,
    variables: Object.fromEntries(Object.entries(host.variables).filter(([name]) => variables.includes(name))),
  }));
  if (checksum) writeCached(cache, { checksum, hosts });
  return hosts;
}

async function list(file: string): Promise<unknown> {
  const argv = ["ansible-inventory", "--inventory", file, "--list", "--playbook-dir", PLAYBOOK_FOLDER];
  const environment = {
    ...cleanEnvironment(),
    ANSIBLE_CONFIG: join(PLAYBOOK_FOLDER, "ansible.cfg"),
    ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: "1",
    ANSIBLE_NOCOLOR: "1",
  };
  const { code, stdout, stderr } = await runProgram(argv, { deadlineMs: DEADLINE_MS, environment });
  if (code === 127) throw new InventoryError(file, ["ansible-inventory is not installed: install ansible-core"]);
  const messages = messagesIn(stderr);
  const skipped = messages.filter((line) => /\bSkipping\b/.test(line));
  if (code === 0 && skipped.length === 0) return JSON.parse(stdout);
  const yaml = messages.filter((line) => /with yaml plugin/.test(line));
  throw new InventoryError(file, skipped.length > 0 ? skipped : yaml.length > 0 ? yaml : messages.slice(-3));
}

/** Ansible breaks its messages into lines of a terminal's width. */
function messagesIn(stderr: string): readonly string[] {
  return stderr
    .replace(/\s*\n(?!\[|ERROR!)/g, " ")
    .split("\n")
    .map((message) => message.replace(/^\[\w+\]: *\*? */, "").trim())
    .filter((message) => message !== "");
}

/** @throws {z.ZodError} where it is not what `ansible-inventory --list` prints */
export function parseListing(listing: unknown): readonly AnsibleHost[] {
  const { _meta, ...groups } = Listing.parse(listing);
  const groupsOf = new Map<string, Set<string>>();
  const visit = (name: string, above: readonly string[]): void => {
    const group = groups[name];
    const holding = [...above, name];
    for (const host of group?.hosts ?? []) {
      const all = groupsOf.get(host) ?? new Set();
      groupsOf.set(host, all);
      for (const each of holding) all.add(each);
    }
    for (const child of group?.children ?? []) visit(child, holding);
  };
  visit("all", []);
  return [...groupsOf].map(([name, of]) => ({ name, groups: [...of], variables: _meta.hostvars[name] ?? {} }));
}

/** @returns undefined for an inventory that is a program or a folder: what it prints depends on more than files beside it */
function checksumOf(file: string, variables: readonly string[]): string | undefined {
  const hash = createHash("sha256").update(JSON.stringify([CACHE_VERSION, variables]));
  try {
    const { mode } = statSync(file);
    if ((mode & 0o111) !== 0) return undefined;
    hash.update(readFileSync(file));
    for (const folder of [dirname(file), PLAYBOOK_FOLDER]) {
      for (const kind of ["group_vars", "host_vars"])
        for (const each of filesIn(join(folder, kind))) hash.update(each).update(readFileSync(each));
    }
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

/** One for each inventory, so that the cache does not grow with its changes. */
function cacheFile(file: string): string {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const name = createHash("sha256").update(resolve(file)).digest("hex").slice(0, 16);
  return join(caches, "goldenring", "inventories", `${basename(file)}-${name}.json`);
}

function filesIn(folder: string): readonly string[] {
  return ifMissing([], () => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** A cache that cannot be written costs time and nothing else. */
function writeCached(file: string, listing: z.output<typeof Cached>): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, JSON.stringify(listing), { mode: 0o600 });
  } catch {}
}
