import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import { z } from "zod";

/** What a machine of any role needs, or the playbook expects; none of their services is enabled. */
const PACKAGES = [
  ...["acl", "chrony", "curl", "jq", "less", "nftables"],
  ...["openssl", "procps", "python3-venv", "socat", "stress-ng", "tcpdump"],
  ...["etcd-server", "etcd-client", "haproxy"],
  ...["postgresql-17", "postgresql-contrib", "pgbackrest", "python3-psycopg2"],
  ...["prometheus", "prometheus-node-exporter", "prometheus-postgres-exporter", "prometheus-blackbox-exporter"],
  ...["prometheus-alertmanager", "apache2-utils"],
] as const;

const BASE_PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "python3-apt", "iproute2"],
  ...["iputils-ping", "ca-certificates", "locales"],
] as const;

export const BUILD_SCRIPT = fileURLToPath(new URL("build.sh", import.meta.url));
const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** What the golden image is built from; its name is the same for the same recipe and the same kind of processor. */
export async function readRecipe() {
  const bun = await findBun();
  const parts = {
    suite: "trixie",
    basePackages: BASE_PACKAGES,
    packages: PACKAGES,
    patroni: "4.1.5",
    script: await readFile(BUILD_SCRIPT, "utf8"),
  };
  const checksum = createHash("sha256")
    .update(JSON.stringify([parts, bun.version, process.arch]))
    .digest("hex");
  return { ...parts, bun, name: `${parts.suite}-${checksum.slice(0, 12)}` };
}
export type Recipe = Awaited<ReturnType<typeof readRecipe>>;

async function findBun() {
  const folder = join(MODULES, "bun");
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => {
    throw new CommandError(
      `Bun is not installed in ${folder}: run \`npm start -- --help\` once as the owner of this checkout.`,
    );
  });
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(text));
  return { version, file: join(folder, "bin", "bun.exe") };
}
