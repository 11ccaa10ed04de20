import { readFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { homedir } from "node:os";
import { dirname, isAbsolute, resolve } from "node:path";
import * as z from "zod";
import { shellWords } from "../machine/shell-words.ts";
import { type AnsibleHost, parseAnsibleInventory, type Variables } from "./ansible-inventory.ts";
import { type Inventory, type Machine, ROLES } from "./inventory.ts";
import { InventoryError } from "./inventory-error.ts";

const text = z.string("a text is expected").min(1, "must not be empty");
const name = text
  .max(63)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/, "only letters, digits and hyphens can be used");
const path = text
  .refine((value) => isAbsolute(value) || value.startsWith("~/"), "an absolute path is expected")
  .transform(expandHome);
const words = text.transform((line, context) => {
  try {
    return shellWords(line);
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : String(error));
    return z.NEVER;
  }
});

const STAND = {
  stand_name: name.max(32).regex(/^[a-z0-9-]*$/, "only lower-case letters, digits and hyphens"),
  stand_network: text.refine(isNetwork, "an IPv4 network such as 10.88.0.0/24 is expected"),
  stand_secrets: path,
  rto: z.enum(["fast", "norm", "safe"], "fast, norm or safe is expected").default("norm"),
  lab_namespace: name.optional(),
  fence_command: z.array(text, "a list of words is expected, the program first").min(1, "must not be empty").optional(),
};

const HOST = {
  ansible_host: text.regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, "an address or a host name is expected").optional(),
  ansible_port: z.int("a port number is expected").min(1).max(65535).optional(),
  ansible_user: text.optional(),
  ansible_ssh_private_key_file: path.optional(),
  ansible_ssh_common_args: words.default([]),
  ansible_ssh_extra_args: words.default([]),
  ansible_become: z.boolean("true or false is expected").default(false),
  ansible_connection: z.enum(["ssh", "smart"], "only ssh is understood").optional(),
  ansible_become_method: z.literal("sudo", "only sudo is understood").optional(),
  ansible_become_user: z.literal("root", "only root is understood").optional(),
};

/** Ansible's other ways of saying what HOST says, and what would need a password in hand. */
const NOT_UNDERSTOOD = new Map([
  ["ansible_ssh_host", "use ansible_host"],
  ["ansible_ssh_port", "use ansible_port"],
  ["ansible_ssh_user", "use ansible_user"],
  ["ansible_private_key_file", "use ansible_ssh_private_key_file"],
  ["ansible_password", "use a key: ansible_ssh_private_key_file"],
  ["ansible_ssh_pass", "use a key: ansible_ssh_private_key_file"],
  ["ansible_ssh_password", "use a key: ansible_ssh_private_key_file"],
  ["ansible_become_password", "allow sudo without a password for this user"],
  ["ansible_become_pass", "allow sudo without a password for this user"],
]);

/**
 * Reads and validates an Ansible inventory in YAML form.
 *
 * @throws {InventoryError} with every place that is wrong
 */
export async function readInventory(file: string): Promise<Inventory> {
  const absolute = resolve(file);
  return parseInventory(absolute, await readText(absolute));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new InventoryError(file, [error instanceof Error ? error.message : String(error)]);
  }
}

/** @throws {InventoryError} */
export function parseInventory(file: string, content: string): Inventory {
  const { hosts, all } = parseAnsibleInventory(file, content);
  const problems: string[] = [];
  const folder = dirname(file);
  const stand = readVariables(STAND, all, "all.vars", { inventory_dir: folder }, problems);
  const machines = hosts.flatMap((host) => readMachine(host, folder, problems) ?? []);
  if (hosts.length === 0) problems.push("there are no hosts in it");
  problems.push(...sharedAddresses(machines));
  if (stand === undefined || problems.length > 0) throw new InventoryError(file, [...new Set(problems)]);
  return {
    file,
    standName: stand.stand_name,
    network: stand.stand_network,
    secretsFolder: stand.stand_secrets,
    rto: stand.rto,
    labNamespace: stand.lab_namespace,
    fenceCommand: stand.fence_command,
    machines,
    byRole: (role) => machines.filter(({ roles }) => roles.includes(role)),
  };
}

function readMachine(host: AnsibleHost, folder: string, problems: string[]): Machine | undefined {
  if (!name.safeParse(host.name).success) {
    problems.push(
      `${host.place}: a host's name has only letters, digits and hyphens; put its address into ansible_host`,
    );
    return undefined;
  }
  for (const [variable, advice] of NOT_UNDERSTOOD) {
    const found = host.variables.get(variable);
    if (found !== undefined) problems.push(`${found.place}: is not understood; ${advice}`);
  }
  const known = { inventory_dir: folder, inventory_hostname: host.name };
  const read = readVariables(HOST, host.variables, host.place, known, problems);
  return (
    read && {
      name: host.name,
      address: read.ansible_host ?? host.name,
      roles: ROLES.filter((role) => host.groups.has(role)),
      ssh: {
        user: read.ansible_user,
        port: read.ansible_port,
        keyFile: read.ansible_ssh_private_key_file,
        args: [...read.ansible_ssh_common_args, ...read.ansible_ssh_extra_args],
        sudo: read.ansible_become,
      },
    }
  );
}

function readVariables<Shape extends z.ZodRawShape>(
  shape: Shape,
  variables: Variables,
  owner: string,
  known: Readonly<Record<string, string>>,
  problems: string[],
): z.infer<z.ZodObject<Shape>> | undefined {
  const values: Record<string, unknown> = {};
  for (const variable of Object.keys(shape)) {
    const value = variables.get(variable)?.value;
    if (value !== undefined && value !== null) values[variable] = expandTemplates(value, known);
  }
  const parsed = z.object(shape).safeParse(values);
  const unexpanded = Object.keys(values).filter((variable) => /\{\{|\{%/.test(JSON.stringify(values[variable]) ?? ""));
  for (const variable of unexpanded) {
    const understood = Object.keys(known).map((template) => `{{ ${template} }}`);
    problems.push(
      `${variables.get(variable)?.place}: of Ansible's templates only ${understood.join(" and ")} are understood`,
    );
  }
  for (const { path, message } of parsed.error?.issues ?? []) {
    const variable = String(path[0]);
    if (unexpanded.includes(variable)) continue;
    const place = variables.get(variable)?.place;
    problems.push(place === undefined ? `${owner}: ${variable} is missing` : `${place}: ${message}`);
  }
  return unexpanded.length > 0 ? undefined : parsed.data;
}

/** Ansible's templates, as far as they name where the inventory is and which host it is about. */
function expandTemplates(value: unknown, known: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((element) => expandTemplates(element, known));
  if (typeof value !== "string") return value;
  return value.replace(/\{\{\s*(\w+)\s*\}\}/g, (template, variable: string) => known[variable] ?? template);
}

function expandHome(file: string): string {
  return file.startsWith("~/") ? resolve(homedir(), file.slice(2)) : resolve(file);
}

function isNetwork(value: string): boolean {
  const [address = "", bits = "", ...rest] = value.split("/");
  return isIPv4(address) && /^\d{1,2}$/.test(bits) && Number(bits) <= 30 && rest.length === 0;
}

function sharedAddresses(machines: readonly Machine[]): string[] {
  const seen = new Map<string, string>();
  return machines.flatMap(({ name, address, ssh }) => {
    const endpoint = `${address} port ${ssh.port ?? 22}`;
    const other = seen.get(endpoint);
    seen.set(endpoint, name);
    return other === undefined ? [] : [`${other} and ${name} have the same address (${endpoint})`];
  });
}
