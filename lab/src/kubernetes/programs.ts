import { createHash } from "node:crypto";
import { chmod, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { cleanEnvironment } from "@goldenring/stand";
import { ensureBuilt } from "../image/image.ts";
import type { TaskOptions } from "../task.ts";

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const SCRIPT = fileOf("build.sh");

/** What the programs of Kubernetes are made from; their folder's name is the same for the same version and the same recipe. */
export async function readPrograms() {
  const [modules = "", ...others] = await Promise.all(
    ["go.mod", "go.sum", "build.sh", "main.go", "tools/main.go"].map((name) => readFile(fileOf(name), "utf8")),
  );
  const version = /k8s\.io\/kubernetes (v[0-9.]+)/.exec(modules)?.[1] ?? "";
  const checksum = createHash("sha256")
    .update([modules, ...others, process.arch].join("\0"))
    .digest("hex");
  return { version, name: `kubernetes-${version}-${checksum.slice(0, 12)}` };
}

/** Builds or downloads them beside the golden images, unless they are there. */
export async function ensurePrograms(
  images: string,
  { name, version }: Awaited<ReturnType<typeof readPrograms>>,
  options: TaskOptions,
): Promise<void> {
  const advice = "Check the network, the proxy settings (https_proxy, GOPROXY) and the free space (6 GB are needed)";
  const product = { name, title: `programs of Kubernetes ${version}`, advice };
  await ensureBuilt(images, product, options, async (folder, run) => {
    await chmod(folder, 0o755);
    const { GOPROXY } = process.env;
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    await run([SCRIPT, folder, version], { ...cleanEnvironment(), GOPROXY, ARCH: architecture });
  });
}
