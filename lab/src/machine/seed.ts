import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { replaceFile, runOrThrow } from "@goldenring/stand";
import type { AddressPlan, PlannedMachine } from "../plan.ts";
import { A_MINUTE } from "../task.ts";

interface SeedFile {
  /** In the machine, without the first slash. */
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";
const MACHINE_ID = "etc/machine-id";

/**
 * Makes the files that a machine gets from outside before it boots: name, address, ssh keys, machine id. The host key and the id stay
 * the same for as long as the machine's disk exists.
 *
 * @returns the machine's ssh host key, for known_hosts: `ssh-ed25519 AAAA…`
 */
export async function makeSeed(
  folder: string,
  machine: PlannedMachine,
  plan: AddressPlan,
  operatorKey: string,
): Promise<string> {
  const files = join(folder, "files");
  const hostKeyFile = join(files, HOST_KEY);
  await mkdir(dirname(hostKeyFile), { recursive: true, mode: 0o755 });
  await ensureKeyPair(hostKeyFile, machine.name);
  const id = await readFile(join(files, MACHINE_ID), "utf8").catch(() => `${randomUUID().replaceAll("-", "")}\n`);
  const seed = [...ownFiles(machine, plan, operatorKey), { path: MACHINE_ID, mode: 0o444, content: id }];
  for (const { path, mode, content } of seed) {
    const file = join(files, path);
    await mkdir(dirname(file), { recursive: true, mode: dirname(file).endsWith("/.ssh") ? 0o700 : 0o755 });
    await rm(file, { force: true });
    await writeFile(file, content, { mode });
  }
  const hostKey = await readFile(`${hostKeyFile}.pub`, "utf8");
  replaceFile(join(folder, "version"), checksumOf(seed, hostKey));
  return hostKey.split(" ").slice(0, 2).join(" ");
}

function ownFiles(
  { name, address, mac }: PlannedMachine,
  { prefix }: AddressPlan,
  operatorKey: string,
): readonly SeedFile[] {
  const settings = [`Address=${address}/${prefix}`, "LinkLocalAddressing=no", "IPv6AcceptRA=no", "LLDP=no", "DHCP=no"];
  const network = ["[Match]", "Name=host0", "[Link]", `MACAddress=${mac}`, "[Network]", ...settings, ""].join("\n");
  return [
    { path: "etc/hostname", mode: 0o644, content: `${name}\n` },
    { path: "etc/systemd/network/10-host0.network", mode: 0o644, content: network },
    // The machine starts with the supervisor's, because a service in a user namespace cannot go below that.
    { path: "etc/systemd/system.conf.d/oom.conf", mode: 0o644, content: "[Manager]\nDefaultOOMScoreAdjust=0\n" },
    { path: "root/.ssh/authorized_keys", mode: 0o600, content: operatorKey },
  ];
}

/** Makes an ed25519 pair without a passphrase, unless it exists: the public half appears last. */
export async function ensureKeyPair(file: string, comment: string): Promise<void> {
  if (existsSync(`${file}.pub`)) return;
  const next = `${file}.new`;
  for (const incomplete of [next, `${next}.pub`]) await rm(incomplete, { force: true });
  await runOrThrow(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", next], A_MINUTE);
  await rename(next, file);
  await rename(`${next}.pub`, `${file}.pub`);
}

/** The machine's seed is copied again when this has changed. */
function checksumOf(files: readonly SeedFile[], hostKey: string): string {
  const hash = createHash("sha256").update(hostKey);
  for (const { path, mode, content } of files) hash.update(`${path}\0${mode}\0${content}\0`);
  return `${hash.digest("hex")}\n`;
}
