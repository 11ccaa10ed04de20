import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { AddressPlan, PlannedMachine } from "../plan.ts";
import { runOrFail } from "../run.ts";

interface SeedFile {
  /** In the machine, without the slash at the beginning. */
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

export interface Seed {
  /** The machine's ssh host key, for known_hosts: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";
const MACHINE_ID = "etc/machine-id";

/**
 * Makes the folder of the files that a machine gets from outside before it boots: name, address, ssh keys, an id. What is there stays:
 * a machine keeps its host key and its id for as long as its disk lives.
 */
export async function makeSeed(
  folder: string,
  machine: PlannedMachine,
  plan: AddressPlan,
  operatorKey: string,
): Promise<Seed> {
  const files = join(folder, "files");
  await mkdir(join(files, dirname(HOST_KEY)), { recursive: true, mode: 0o755 });
  await makeHostKey(join(files, HOST_KEY), machine.name);
  const id = await readFile(join(files, MACHINE_ID), "utf8").catch(() => `${randomUUID().replaceAll("-", "")}\n`);
  const wanted = [...ownFiles(machine, plan, operatorKey), { path: MACHINE_ID, mode: 0o444, content: id }];
  for (const { path, mode, content } of wanted) await putFile(join(files, path), mode, content);
  const hostKey = await readFile(join(files, `${HOST_KEY}.pub`), "utf8");
  await putFile(join(folder, "version"), 0o644, versionOf(wanted, hostKey));
  return { hostKey: hostKey.split(" ").slice(0, 2).join(" ") };
}

function ownFiles(
  { name, address }: PlannedMachine,
  { prefix }: AddressPlan,
  operatorKey: string,
): readonly SeedFile[] {
  const network = [
    "[Match]",
    "Name=host0",
    "[Network]",
    `Address=${address}/${prefix}`,
    "LinkLocalAddressing=no",
    "IPv6AcceptRA=no",
    "LLDP=no",
    "DHCP=no",
    "",
  ].join("\n");
  return [
    { path: "etc/hostname", mode: 0o644, content: `${name}\n` },
    { path: "etc/systemd/network/10-host0.network", mode: 0o644, content: network },
    { path: "root/.ssh/authorized_keys", mode: 0o600, content: operatorKey },
  ];
}

/** A half-made pair of an interrupted run is made anew. */
async function makeHostKey(file: string, machine: string): Promise<void> {
  const isWhole = await readFile(`${file}.pub`).then(
    () => true,
    () => false,
  );
  if (isWhole) return;
  await makeKeyPair(file, machine);
}

/** An ed25519 pair without a passphrase; the public half appears last. */
export async function makeKeyPair(file: string, comment: string): Promise<void> {
  const next = `${file}.new`;
  await rm(next, { force: true });
  await rm(`${next}.pub`, { force: true });
  await runOrFail(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", next]);
  await rename(next, file);
  await rename(`${next}.pub`, `${file}.pub`);
}

async function putFile(file: string, mode: number, content: string): Promise<void> {
  const isSsh = dirname(file).endsWith("/.ssh");
  await mkdir(dirname(file), { recursive: true, mode: isSsh ? 0o700 : 0o755 });
  await rm(file, { force: true });
  await writeFile(file, content, { mode });
}

function versionOf(files: readonly SeedFile[], hostKey: string): string {
  const hash = createHash("sha256").update(hostKey);
  for (const { path, mode, content } of files) hash.update(`${path}\0${mode}\0${content}\0`);
  return `${hash.digest("hex")}\n`;
}
