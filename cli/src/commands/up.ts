import { join } from "node:path";
import type { Lab, UpOptions as LabOptions } from "@goldenring/lab";
import { CommandError, columns, oneLine, print } from "@goldenring/run-kit";
import { SERVICE_NAMES } from "@goldenring/stand";
import { BUNDLE_FOLDER, DASHBOARDS_FOLDER, makeBundle, PLAYBOOK_FOLDER, RULES_FOLDER } from "../checkout.ts";
import { changeProvisioned, checksumOf, readProvisioned } from "../checksums.ts";
import { type Context, labOf } from "../context.ts";
import { runPlaybook } from "../playbook.ts";
import { startPrograms, stopPrograms } from "../stand-programs.ts";
import type { StandStatus } from "../status.ts";
import { undoOpenFaults } from "./chaos.ts";
import { waitForHealth } from "./status.ts";

export interface UpOptions extends Pick<LabOptions, "network" | "rto" | "ports"> {
  readonly provision: boolean;
  /** Make the database from the backup when no machine has its data. */
  readonly fromBackup: boolean;
}

/** How long services may take to be well before they count as broken: after a boot or the playbook, and otherwise. */
const SETTLING_S = 60;
const RUNNING_S = 5;

export async function up(context: Context, options: UpOptions): Promise<void> {
  try {
    await bringUp(context, options);
  } catch (error) {
    if (context.signal.aborted)
      context.progress.log("The next `ring up` goes on from here; `ring down` stops what runs.");
    throw error;
  }
}

async function bringUp(context: Context, { provision: isAsked, fromBackup, ...options }: UpOptions): Promise<void> {
  const { progress, signal } = context;
  const lab = labOf(context, "up");
  const { created, warnings } = await progress.step("Machines", (onProgress) =>
    lab.up({ onProgress, signal, ...options }),
  );
  for (const warning of warnings) progress.log(warning);
  await undoOpenFaults(context);
  await progress.step("API bundle", () => makeBundle(signal));

  const inventory = await context.inventory();
  const files = checksumOf([PLAYBOOK_FOLDER, BUNDLE_FOLDER, RULES_FOLDER, DASHBOARDS_FOLDER, inventory.file]);
  // The playbook makes secrets that are missing, so theirs counts when it has ended.
  const checksum = (): string => `${files} ${checksumOf([inventory.secretsFolder])}`;
  const isUnchanged = created.length === 0 && readProvisioned(context.folder).machines === checksum();
  // Where nothing has changed, the playbook runs only when services need it.
  let status = isUnchanged && !isAsked && !fromBackup ? await startServices(context, lab, RUNNING_S) : undefined;
  if (status === undefined || status.problems.length > 0) {
    await provision(context, lab, checksum, fromBackup);
    // They read logins and certificates when they start.
    await stopPrograms(context, inventory.file);
    status = await startServices(context, lab, SETTLING_S);
  }
  showResult(status);
}

async function startServices(context: Context, lab: Lab, usualWaitSeconds: number): Promise<StandStatus> {
  await startPrograms(context, lab);
  const hasJustBooted = (await lab.status()).some(({ bootedAt = 0 }) => Date.now() - bootedAt < SETTLING_S * 1_000);
  const waitSeconds = hasJustBooted ? SETTLING_S : usualWaitSeconds;
  return context.progress.step("Services", (log) => waitForHealth(context, waitSeconds, log));
}

async function provision(context: Context, lab: Lab, checksum: () => string, fromBackup: boolean): Promise<void> {
  const inventory = await context.inventory();
  changeProvisioned(context.folder, ({ snapshots }) => ({ snapshots }));
  await context.progress.step("Playbook", async (log) => {
    await lab.provisioningLimits("on");
    try {
      const logFile = join(context.folder, "playbook.log");
      const variables = { restore_from_backup: fromBackup };
      await runPlaybook({ variables, inventoryFile: inventory.file, logFile, log, signal: context.signal });
    } finally {
      await lab.provisioningLimits("off");
    }
  });
  changeProvisioned(context.folder, (provisioned) => ({ ...provisioned, machines: checksum() }));
}

/** @throws {CommandError} with the problems, after the addresses have been printed */
function showResult({ endpoints, problems }: StandStatus): void {
  const rows = SERVICE_NAMES.flatMap((name) => (endpoints[name] === undefined ? [] : [[`  ${name}`, endpoints[name]]]));
  const more = ["Logins: ring logins    State: ring status    A shell: ring ssh pg-01    All commands: ring --help"];
  print(`${["", ...columns(rows), "", ...more].join("\n")}\n`);
  if (problems.length === 0) return;
  const list = problems.map((problem) => `  ${oneLine(problem)}`).join("\n");
  throw new CommandError(`The stand is up, but has problems:\n${list}`);
}
