import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { bunProgram, CHECKOUT, lastLines, runProgram } from "@goldenring/stand";

export const PLAYBOOK_FOLDER = join(CHECKOUT, "cluster");
export const BUNDLE_FOLDER = join(CHECKOUT, "api/bundle");
/** The playbook copies them to the machines. */
export const RULES_FOLDER = join(CHECKOUT, "monitoring/rules");
export const DASHBOARDS_FOLDER = join(CHECKOUT, "monitoring/dashboards");

export const CHART_FOLDER = join(CHECKOUT, "charts/goldenring");

const BUILD_DEADLINE_MS = 300_000;

export const makeBundle = (signal: AbortSignal): Promise<void> => build(signal, "api/bundle.ts");
/** Of the bundle. The playbook brings it to the nodes of Kubernetes. */
export const makeImage = (signal: AbortSignal): Promise<void> => build(signal, "image/src/main.ts", "--tag", "lab");

/** Runs a program of the checkout as its owner, who could not change root's files later. @throws {CommandError} with the end of its output */
async function build(signal: AbortSignal, program: string, ...args: string[]): Promise<void> {
  const argv = [...asOwner(), ...bunProgram(join(CHECKOUT, program), ...args)];
  const { code, stdout, stderr } = await runProgram(argv, { deadlineMs: BUILD_DEADLINE_MS, folder: CHECKOUT, signal });
  signal.throwIfAborted();
  if (code !== 0) throw new CommandError(`${program} failed:\n${lastLines(`${stdout}\n${stderr}`, 15)}`);
}

function asOwner(): string[] {
  const { uid, gid } = statSync(CHECKOUT);
  if (process.getuid?.() !== 0 || uid === 0 || !existsSync("/usr/bin/setpriv")) return [];
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
}
