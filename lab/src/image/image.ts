import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LabProblem } from "../problem.ts";
import type { TaskOptions } from "../progress.ts";
import { lastLines, run } from "../run.ts";
import { withLock } from "../state/lock.ts";
import { findPackageSources } from "./host-settings.ts";
import type { Recipe } from "./recipe.ts";

const BUILD_MS = 30 * 60_000;
const BUILD_SCRIPT = fileURLToPath(new URL("build.sh", import.meta.url));
/** Downloaded packages. */
const CACHE = ".packages";
const UNFINISHED = ".building-";

/** Folder of an image; it exists only when it is whole. */
export const imageFolder = (images: string, name: string): string => join(images, name);

export const hasImage = (images: string, name: string): boolean => existsSync(imageFolder(images, name));

/**
 * Builds the image unless it is there. Two stands that need it at the same time build it once.
 *
 * @throws LabProblem with the end of the build's log
 */
export async function ensureImage(images: string, recipe: Recipe, options: TaskOptions): Promise<void> {
  if (hasImage(images, recipe.name)) return;
  await mkdir(images, { recursive: true, mode: 0o755 });
  const lock = { purpose: "building the golden image", waitSeconds: BUILD_MS / 1_000 };
  options.onProgress?.("golden image: waiting for its turn");
  await withLock(join(images, "lock"), lock, async () => {
    await removeUnfinishedImages(images);
    if (!hasImage(images, recipe.name)) await build(images, recipe, options);
  });
}

async function removeUnfinishedImages(images: string): Promise<void> {
  for (const name of await readdir(images)) {
    if (name.startsWith(UNFINISHED)) await removeTree(join(images, name));
  }
}

async function build(images: string, recipe: Recipe, { onProgress, signal }: TaskOptions): Promise<void> {
  const folder = await mkdtemp(join(images, UNFINISHED));
  try {
    const sources = await findPackageSources();
    // Nobody but root may look into the build's folder: the computer's settings may hold logins.
    const secrets = join(folder, "secrets");
    await mkdir(secrets, { mode: 0o700 });
    for (const [name, content] of Object.entries(sources.files)) {
      await writeFile(join(secrets, name), content, { mode: 0o600 });
    }
    const own = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"];
    // Its parent may be killed: the build ends with it.
    const { code, stderr } = await run(
      ["setpriv", "--pdeathsig", "KILL", ...own, "sh", BUILD_SCRIPT, folder, join(images, CACHE)],
      {
        deadlineMs: BUILD_MS,
        signal,
        environment: buildEnvironment(recipe, sources.mirror, sources.securityMirror, secrets),
        onLine: (line) => {
          if (line.startsWith("step: ")) onProgress?.(`golden image: ${line.slice("step: ".length)}`);
        },
      },
    );
    signal?.throwIfAborted();
    if (code !== 0) throw await buildProblem(images, folder, stderr);
    await rm(secrets, { recursive: true });
    await rename(folder, imageFolder(images, recipe.name));
  } finally {
    await removeTree(folder);
  }
}

function buildEnvironment(recipe: Recipe, mirror: string, securityMirror: string, secrets: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    SUITE: recipe.suite,
    MIRROR: mirror,
    SECURITY_MIRROR: securityMirror,
    BASE_PACKAGES: recipe.basePackages.join(","),
    PACKAGES: recipe.packages.join(" "),
    PATRONI: recipe.patroni,
    BUN: recipe.bun.file,
    BUN_VERSION: recipe.bun.version,
    SECRETS: secrets,
  };
}

async function buildProblem(images: string, folder: string, stderr: string): Promise<LabProblem> {
  const log = await readFile(join(folder, "build.log"), "utf8").catch(() => "");
  const kept = join(images, "failed-build.log");
  await writeFile(kept, `${log}${stderr}`);
  return new LabProblem(
    `The golden image could not be built. The end of ${kept}:\n${lastLines(log + stderr, 12)}\nCheck the network, the proxy settings (http_proxy, apt, pip) and the free space (4 GB are needed), and try again.`,
  );
}

/** Images that no stand and no snapshot needs. */
export async function removeUnusedImages(images: string, used: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(images, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.startsWith(".") || used.has(entry.name)) continue;
    await removeTree(join(images, entry.name));
  }
}

/** The cache of downloaded packages: only time is lost with it. */
export const removePackages = (images: string): Promise<void> => removeTree(join(images, CACHE));

/** Never follows a mount: a build that was killed may have left one (in its own namespace, but nothing is lost by care). */
async function removeTree(folder: string): Promise<void> {
  if (existsSync(folder)) await run(["rm", "-rf", "--one-file-system", folder], { deadlineMs: 300_000 });
}
