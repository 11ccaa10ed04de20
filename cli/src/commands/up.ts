import { join } from "node:path";
import type { Lab } from "@goldenring/lab";
import type { Rto } from "@goldenring/stand";
import { BUNDLE_FOLDER, DASHBOARDS_FOLDER, makeBundle, PLAYBOOK_FOLDER, RULES_FOLDER } from "../checkout.ts";
import { type Context, labOf } from "../context.ts";
import { SERVICE_NAMES } from "../endpoints.ts";
import { EXIT, RingError } from "../exit.ts";
import { runPlaybook } from "../playbook.ts";
import type { Progress } from "../progress.ts";
import { changeStamps, readStamps, stampOf } from "../stamps.ts";
import { startPrograms } from "../stand-programs.ts";
import { table } from "../status-text.ts";
import { undoOpenFaults } from "./chaos.ts";
import { awaitHealth, readStatus } from "./status.ts";

export interface UpOptions {
  readonly network: string | undefined;
  readonly rto: Rto | undefined;
  readonly ports: Readonly<Record<string, number>> | undefined;
  /** Run the playbook even when nothing has changed. */
  readonly provision: boolean;
}

/** Seconds that services get before the playbook is run to mend them: after their machines have booted, and otherwise. */
const BOOT_PATIENCE = 60;
const PATIENCE = 5;
/** The same after the playbook, which waits for most of them itself. */
const SETTLING_PATIENCE = 60;

/** The whole stand, whatever was there before. */
export async function up(
  context: Context,
  options: UpOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  try {
    return await bringUp(context, options, progress, signal);
  } catch (error) {
    if (signal.aborted) progress.say("`ring up` goes on where this one stopped; `ring down` ends what runs.");
    throw error;
  }
}

async function bringUp(context: Context, options: UpOptions, progress: Progress, signal: AbortSignal): Promise<number> {
  const lab = labOf(context, "up");
  const { created } = await progress.step("Machines", (onProgress) => {
    const { network, rto, ports } = options;
    return lab.up({
      onProgress,
      signal,
      ...(network === undefined ? {} : { network }),
      ...(rto === undefined ? {} : { rto }),
      ...(ports === undefined ? {} : { ports }),
    });
  });
  await undoOpenFaults(context, progress, signal);
  await progress.step("API bundle", () => makeBundle(signal));

  const inventory = await context.inventory();
  const stamp = stampOf([PLAYBOOK_FOLDER, BUNDLE_FOLDER, RULES_FOLDER, DASHBOARDS_FOLDER, inventory.file]);
  const isProvisioned = created.length === 0 && readStamps(context.folder).machines === stamp && !options.provision;
  let problems: readonly string[] = ["not provisioned"];
  if (isProvisioned) {
    await startPrograms(context);
    const patience = (await hasJustBooted(lab)) ? BOOT_PATIENCE : PATIENCE;
    problems = await progress.step("Services", (say) => awaitHealth(context, patience, signal, say));
  }
  if (problems.length > 0) {
    await provision(context, lab, stamp, progress, signal);
    await startPrograms(context);
    problems = await progress.step("Services", (say) => awaitHealth(context, SETTLING_PATIENCE, signal, say));
  }
  await showResult(context, problems);
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

async function hasJustBooted(lab: Lab): Promise<boolean> {
  const machines = await lab.status();
  return machines.some(({ bootedAt = 0 }) => Date.now() - bootedAt < BOOT_PATIENCE * 1_000);
}

async function provision(
  context: Context,
  lab: Lab,
  stamp: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const inventory = await context.inventory();
  changeStamps(context.folder, ({ snapshots }) => ({ snapshots }));
  await progress.step("Playbook", async (say) => {
    await lab.provisioningLimits("on");
    try {
      const logFile = join(context.folder, "playbook.log");
      const showsTasks = process.stderr.isTTY === true;
      await runPlaybook({ inventoryFile: inventory.file, logFile, say, showsTasks, signal });
    } finally {
      await lab.provisioningLimits("off");
    }
  });
  changeStamps(context.folder, (stamps) => ({ ...stamps, machines: stamp }));
}

async function showResult(context: Context, problems: readonly string[]): Promise<void> {
  const { endpoints } = await readStatus(context);
  const rows = SERVICE_NAMES.flatMap((name) => (endpoints[name] === undefined ? [] : [[`  ${name}`, endpoints[name]]]));
  const more = ["Logins: ring logins    State: ring status    A shell: ring ssh pg-01    All commands: ring --help"];
  process.stdout.write(`${["", ...table(rows), "", ...more].join("\n")}\n`);
  if (problems.length === 0) return;
  throw new RingError(`The stand is up, but not all is well:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}
