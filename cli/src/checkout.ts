import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RingError } from "./exit.ts";

/** Folder of this checkout. */
export const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const PLAYBOOK_FOLDER = join(CHECKOUT, "cluster");
export const BUNDLE_FOLDER = join(CHECKOUT, "api/bundle");
/** The playbook copies them to the machines. */
export const RULES_FOLDER = join(CHECKOUT, "monitoring/rules");
export const DASHBOARDS_FOLDER = join(CHECKOUT, "monitoring/dashboards");

/**
 * Makes the API's bundle, as the owner of the checkout: root's files would be in their way later.
 *
 * @throws {RingError} with the end of its output
 */
export async function makeBundle(signal: AbortSignal): Promise<void> {
  const argv = [...asOwner(), process.execPath, join(CHECKOUT, "api/bundle.ts")];
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { cwd: CHECKOUT, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const code = await new Promise<number>((resolve) => {
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 128));
  });
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (code !== 0) throw new RingError(`api/bundle.ts failed:\n${output.trim().split("\n").slice(-15).join("\n")}`);
}

function asOwner(): string[] {
  const { uid, gid } = statSync(CHECKOUT);
  if (process.getuid?.() !== 0 || uid === 0 || !existsSync("/usr/bin/setpriv")) return [];
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
}
