import { existsSync } from "node:fs";
import { isIPv4 } from "node:net";
import { homedir } from "node:os";
import { dirname, isAbsolute, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { messageOf } from "../computer/errors.ts";
import { shellWords } from "../computer/shell-words.ts";
import { type AnsibleHost, readAnsibleHosts } from "./ansible-inventory.ts";
import {
  type Inventory,
  InventoryError,
  type Machine,
  REPLICA_BOUNDS,
  ROLES,
  RTO,
  USUAL_REPLICA,
} from "./inventory.ts";

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
    context.addIssue(messageOf(error));
    return z.NEVER;
  }
});

const command = z.array(text, "a list of words is expected, the program first").min(1, "must not be empty");

const STAND = {
  stand_name: name.max(32).regex(/^[a-z0-9-]*$/, "only lower-case letters, digits and hyphens"),
  stand_network: text.refine(isNetwork, "an IPv4 network such as 10.88.0.0/24 is expected"),
  stand_secrets: path,
  rto: z.enum(RTO, "fast, norm or safe is expected").default("norm"),
  lab_namespace: name.optional(),
  backup_host: z.string().optional(),
  fence_command: command.optional(),
  power_off_command: command.optional(),
  power_on_command: command.optional(),
};

const between = ({ min, max }: { readonly min: number; readonly max: number }, unit: string) => {
  const message = `${min} to ${max} ${unit} are expected`;
  return z.number(message).min(min, message).max(max, message);
};
const { count: COUNT, cpu: CPU, memoryMiB: MEMORY_MIB } = REPLICA_BOUNDS;

const HOST = {
  api_cpu_percent: between({ min: CPU.min * 100, max: CPU.max * 100 }, "% of a core").default(USUAL_REPLICA.cpu * 100),
  api_memory_mib: between(MEMORY_MIB, "MiB").default(USUAL_REPLICA.memoryMiB),
  ansible_host: text.regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, "an address or a host name is expected").optional(),
  ansible_port: z.int("a port number is expected").min(1).max(65535).optional(),
  ansible_user: text.regex(/^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/, "the name of an account is expected").optional(),
  ansible_ssh_private_key_file: path.optional(),
  ansible_ssh_common_args: words.default([]),
  ansible_ssh_extra_args: words.default([]),
  ansible_become: z.boolean("true or false is expected").default(false),
  ansible_connection: z.enum(["ssh", "smart"], "only ssh is supported").optional(),
  ansible_become_method: z.literal("sudo", "only sudo is supported").optional(),
  ansible_become_user: z.literal("root", "only root is supported").optional(),
};

/** Ansible's other ways of saying what HOST says, and what would need a password in hand. */
const NOT_SUPPORTED = new Map([
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

const NEEDED_VARIABLES = [...Object.keys(STAND), ...Object.keys(HOST), ...NOT_SUPPORTED.keys()];

/** Reads an inventory as Ansible does, and validates what `ring` needs of it. @throws {InventoryError} with everything that is wrong */
export async function readInventory(file: string): Promise<Inventory> {
  const absolute = resolve(file);
  if (!existsSync(absolute)) throw new InventoryError(absolute, ["there is no such file"]);
  return inventoryOf(absolute, await readAnsibleHosts(absolute, NEEDED_VARIABLES));
}

/** @throws {InventoryError} */
export function inventoryOf(file: string, hosts: readonly AnsibleHost[]): Inventory {
  if (hosts.length === 0) throw new InventoryError(file, ["there are no hosts in it"]);
  const folder = dirname(file);
  const perHost = hosts.map((host) => readHost(host, folder));
  const machines = perHost.flatMap(({ machine }) => machine ?? []);
  const [stand, ...others] = perHost.flatMap(({ stand }) => stand ?? []);
  const replicas = perHost.filter(({ machine }) => machine?.roles.includes("api"));
  const [replica = USUAL_REPLICA, ...otherReplicas] = replicas.flatMap((host) => host.replica ?? []);
  const problems = [
    ...problemsOf(perHost),
    ...sharedAddresses(machines),
    ...(others.some((other) => !isDeepStrictEqual(other, stand))
      ? [`${Object.keys(STAND).join(", ")} must be the same for all hosts: set them for the group all`]
      : []),
    ...(otherReplicas.some((other) => !isDeepStrictEqual(other, replica))
      ? ["api_cpu_percent, api_memory_mib must be the same for all machines of the API: set them for the group api"]
      : []),
    ...(replicas.length > COUNT.max
      ? [`the group api has ${replicas.length} machines; ${COUNT.min} to ${COUNT.max} are possible, or none`]
      : []),
    ...(stand?.power_off_command !== undefined && stand.fence_command === undefined
      ? ["power_off_command needs fence_command: nothing else tells that the machine stays off"]
      : []),
  ];
  if (stand === undefined || problems.length > 0) throw new InventoryError(file, problems);
  return {
    file,
    standName: stand.stand_name,
    network: stand.stand_network,
    secretsFolder: stand.stand_secrets,
    rto: stand.rto,
    labNamespace: stand.lab_namespace,
    fenceCommand: stand.fence_command,
    powerOffCommand: stand.power_off_command,
    powerOnCommand: stand.power_on_command,
    backupHost: stand.backup_host ?? machines.find(({ roles }) => roles.includes("prometheus"))?.name,
    replica,
    machines,
    byRole: (role) => machines.filter(({ roles }) => roles.includes(role)),
  };
}

function readHost(host: AnsibleHost, folder: string) {
  const { variables } = host;
  const known = { inventory_dir: folder, inventory_hostname: host.name };
  const problems: string[] = [];
  if (!name.safeParse(host.name).success)
    problems.push("a host's name has only letters, digits and hyphens; put its address into ansible_host");
  for (const [variable, advice] of NOT_SUPPORTED)
    if (variables[variable] !== undefined) problems.push(`${variable} is not supported; ${advice}`);
  const stand = readVariables(STAND, variables, { inventory_dir: folder }, problems);
  const read = readVariables(HOST, variables, known, problems);
  const machine: Machine | undefined = read && {
    name: host.name,
    address: read.ansible_host ?? host.name,
    roles: ROLES.filter((role) => host.groups.includes(role)),
    ssh: {
      user: read.ansible_user,
      port: read.ansible_port,
      keyFile: read.ansible_ssh_private_key_file,
      args: [...read.ansible_ssh_common_args, ...read.ansible_ssh_extra_args],
      sudo: read.ansible_become,
    },
  };
  const replica = read && { cpu: read.api_cpu_percent / 100, memoryMiB: read.api_memory_mib };
  return { name: host.name, machine, replica, stand, problems };
}

/** What is wrong with all hosts is wrong in one place, and said once. */
function problemsOf(hosts: readonly ReturnType<typeof readHost>[]): string[] {
  const namesOf = new Map<string, string[]>();
  for (const { name, problems } of hosts)
    for (const problem of problems) namesOf.set(problem, [...(namesOf.get(problem) ?? []), name]);
  return [...namesOf].map(([problem, names]) =>
    names.length === hosts.length ? `all hosts: ${problem}` : `${names.join(", ")}: ${problem}`,
  );
}

function readVariables<Shape extends z.ZodRawShape>(
  shape: Shape,
  variables: AnsibleHost["variables"],
  known: Readonly<Record<string, string>>,
  problems: string[],
): z.infer<z.ZodObject<Shape>> | undefined {
  const values: Record<string, unknown> = {};
  for (const variable of Object.keys(shape)) {
    const value = variables[variable];
    if (value !== undefined && value !== null) values[variable] = expandTemplates(value, known);
  }
  const parsed = z.object(shape).safeParse(values);
  const unexpanded = Object.keys(values).filter((variable) => /\{\{|\{%/.test(JSON.stringify(values[variable]) ?? ""));
  for (const variable of unexpanded) {
    const supported = Object.keys(known).map((template) => `{{ ${template} }}`);
    problems.push(`${variable}: of Ansible's templates only ${supported.join(" and ")} are supported`);
  }
  for (const { path, message } of parsed.error?.issues ?? []) {
    const variable = String(path[0]);
    if (unexpanded.includes(variable)) continue;
    problems.push(variable in values ? `${variable}: ${message}` : `${variable} is missing`);
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
