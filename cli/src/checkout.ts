import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { bunProgram, CHECKOUT, lastLines, runProgram } from "@goldenring/stand";

export const PLAYBOOK_FOLDER = join(CHECKOUT, "cluster");
export const BUNDLE_FOLDER = join(CHECKOUT, "api/bundle");
/** The playbook copies them to the machines. */
export const RULES_FOLDER = join(CHECKOUT, "monitoring/rules");
export const DASHBOARDS_FOLDER = join(CHECKOUT, "monitoring/dashboards");

const BUNDLE_DEADLINE_MS = 300_000;

/** Builds the API's bundle as the checkout's owner, who could not change root's files later. @throws {CommandError} with the end of its output */
export async function makeBundle(signal: AbortSignal): Promise<void> {
  const argv = [...asOwner(), ...bunProgram(join(CHECKOUT, "api/bundle.ts"))];
  const { code, stdout, stderr } = await runProgram(argv, { deadlineMs: BUNDLE_DEADLINE_MS, folder: CHECKOUT, signal });
  signal.throwIfAborted();
  if (code !== 0) throw new CommandError(`api/bundle.ts failed:\n${lastLines(`${stdout}\n${stderr}`, 15)}`);
}

function asOwner(): string[] {
  const { uid, gid } = statSync(CHECKOUT);
  if (process.getuid?.() !== 0 || uid === 0 || !existsSync("/usr/bin/setpriv")) return [];
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
}
