import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import { cleanEnvironment, lastLines, runProgram, withLock } from "@goldenring/stand";
import { z } from "zod";
import type { TaskOptions } from "../task.ts";
import { findPackageSources, type PackageSources } from "./host-settings.ts";

/** What a machine of any role needs, or the playbook expects; none of their services is enabled. */
const PACKAGES = [
  ...["acl", "chrony", "curl", "jq", "less", "nftables"],
  ...["openssl", "procps", "python3-venv", "socat", "stress-ng", "tcpdump"],
  ...["etcd-server", "etcd-client", "haproxy"],
  ...["postgresql-17", "postgresql-contrib", "pgbackrest", "python3-psycopg2"],
  ...["prometheus", "prometheus-node-exporter", "prometheus-postgres-exporter", "prometheus-blackbox-exporter"],
  ...["prometheus-alertmanager", "apache2-utils"],
  // Of nodes of Kubernetes; catatonit holds the network of a pod.
  ...["containerd", "runc", "containernetworking-plugins", "catatonit"],
] as const;

const BASE_PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "python3-apt", "iproute2"],
  ...["iputils-ping", "ca-certificates", "locales"],
] as const;

const BUILD_SCRIPT = fileURLToPath(new URL("build.sh", import.meta.url));
/** The playbook installs Patroni on real machines in the same way. */
const PATRONI_FILES = fileURLToPath(new URL("../../../cluster/roles/patroni/files", import.meta.url));
const PATRONI = "4.1.5";
const INSTALL_PATRONI = join(PATRONI_FILES, "install-patroni");
const PATRONI_REQUIREMENTS = join(PATRONI_FILES, `requirements-${PATRONI}.txt`);
const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** What the golden image is built from; its name is the same for the same recipe and the same kind of processor. */
export async function readRecipe() {
  const bun = await findBun();
  const parts = {
    suite: "trixie",
    basePackages: BASE_PACKAGES,
    packages: PACKAGES,
    patroni: PATRONI,
    scripts: await Promise.all(
      [BUILD_SCRIPT, INSTALL_PATRONI, PATRONI_REQUIREMENTS].map((file) => readFile(file, "utf8")),
    ),
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

const BUILD_MS = 30 * 60_000;
const REMOVE_MS = 300_000;
/** Downloaded packages. */
const CACHE = ".packages";
const INCOMPLETE = ".building-";

/** Folder of an image; it exists only when it is complete. */
export const imageFolder = (images: string, name: string): string => join(images, name);

export const hasImage = (images: string, name: string): boolean => existsSync(imageFolder(images, name));

/** Builds the image unless it exists, see `ensureBuilt`. */
export async function ensureImage(images: string, recipe: Recipe, options: TaskOptions): Promise<void> {
  const advice = "Check the network, the proxy settings (http_proxy, apt, pip) and the free space (4 GB are needed)";
  await ensureBuilt(images, { name: recipe.name, title: "golden image", advice }, options, async (folder, run) => {
    const { files, ...mirrors } = await findPackageSources();
    // Only root may read this folder: the computer's settings may hold logins.
    const secrets = join(folder, "secrets");
    await mkdir(secrets, { mode: 0o700 });
    for (const [name, content] of Object.entries(files)) await writeFile(join(secrets, name), content, { mode: 0o600 });
    await run([BUILD_SCRIPT, folder, join(images, CACHE)], buildEnvironment(recipe, mirrors, secrets));
    await rm(secrets, { recursive: true });
  });
}

interface Product {
  /** Of its folder. */
  readonly name: string;
  /** For messages. */
  readonly title: string;
  /** What to check when it cannot be built. */
  readonly advice: string;
}

/** A shell script that writes lines "step: ..." and, into the folder of the product, build.log. */
type RunScript = (argv: readonly string[], environment: NodeJS.ProcessEnv) => Promise<void>;

/**
 * Builds something in the folder of images unless it exists. Two stands that need it at the same time build it once.
 *
 * @throws {CommandError} with the end of the build's log
 */
export async function ensureBuilt(
  images: string,
  product: Product,
  { onProgress, signal }: TaskOptions,
  build: (folder: string, run: RunScript) => Promise<void>,
): Promise<void> {
  const { name, title } = product;
  if (hasImage(images, name)) return;
  await mkdir(images, { recursive: true, mode: 0o755 });
  onProgress?.(`${title}: preparing`);
  await withLock({ key: images, purpose: `building the ${title}`, waitMs: BUILD_MS, signal }, async () => {
    for (const each of await readdir(images)) {
      if (each.startsWith(INCOMPLETE)) await removeTree(join(images, each));
    }
    if (hasImage(images, name)) return;
    const folder = await mkdtemp(join(images, INCOMPLETE));
    try {
      await build(folder, async (argv, environment) => {
        const { code, stderr } = await runProgram([...ALONE, "sh", ...argv], {
          deadlineMs: BUILD_MS,
          signal,
          environment,
          onLine: (line) => {
            if (line.startsWith("step: ")) onProgress?.(`${title}: ${line.slice("step: ".length)}`);
          },
        });
        signal?.throwIfAborted();
        if (code !== 0) throw await buildError(images, folder, product, stderr);
      });
      await rename(folder, imageFolder(images, name));
    } finally {
      await removeTree(folder);
    }
  });
}

/** Ends with its parent, and mounts nothing outside. */
const ALONE = [
  ...["setpriv", "--pdeathsig", "KILL"],
  ...["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"],
];

function buildEnvironment(
  recipe: Recipe,
  { mirror, securityMirror }: Omit<PackageSources, "files">,
  secrets: string,
): NodeJS.ProcessEnv {
  return {
    ...cleanEnvironment(),
    SUITE: recipe.suite,
    MIRROR: mirror,
    SECURITY_MIRROR: securityMirror,
    BASE_PACKAGES: recipe.basePackages.join(","),
    PACKAGES: recipe.packages.join(" "),
    PATRONI: recipe.patroni,
    INSTALL_PATRONI,
    PATRONI_REQUIREMENTS,
    BUN: recipe.bun.file,
    BUN_VERSION: recipe.bun.version,
    SECRETS: secrets,
  };
}

async function buildError(images: string, folder: string, { title, advice }: Product, stderr: string) {
  const log = await readFile(join(folder, "build.log"), "utf8").catch(() => "");
  const kept = join(images, "failed-build.log");
  await writeFile(kept, `${log}${stderr}`);
  return new CommandError(
    `The ${title} could not be built. The end of ${kept}:\n${lastLines(log + stderr, 12)}\n${advice}, and run the command again.`,
  );
}

/** Removes images that no stand and no snapshot needs. */
export async function removeUnusedImages(images: string, used: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(images, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.startsWith(".") || used.has(entry.name)) continue;
    await removeTree(join(images, entry.name));
  }
}

/** Never follows a mount: a build that was killed may have left one. */
async function removeTree(folder: string): Promise<void> {
  if (existsSync(folder)) await runProgram(["rm", "-rf", "--one-file-system", folder], { deadlineMs: REMOVE_MS });
}
