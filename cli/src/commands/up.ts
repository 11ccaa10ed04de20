import { join } from "node:path";
import type { Lab, UpOptions as LabOptions } from "@goldenring/lab";
import { CommandError, columns, oneLine, print } from "@goldenring/run-kit";
import { type ReplicaSize, SERVICE_NAMES } from "@goldenring/stand";
import {
  BUNDLE_FOLDER,
  CHART_FOLDER,
  DASHBOARDS_FOLDER,
  makeBundle,
  makeImage,
  PLAYBOOK_FOLDER,
  RULES_FOLDER,
} from "../checkout.ts";
import { changeProvisioned, checksumOf, readProvisioned } from "../checksums.ts";
import { type Context, exclusively, labOf } from "../context.ts";
import { type PlaybookOptions, runPlaybook } from "../playbook.ts";
import { startPrograms, stopPrograms } from "../stand-programs.ts";
import type { StandStatus } from "../status.ts";
import { assertNoExperiment, undoOpenFaults } from "./chaos.ts";
import { waitForHealth } from "./status.ts";

type StandOptions = Pick<
  LabOptions,
  "network" | "platform" | "rto" | "ports" | "replicas" | "replicaCpu" | "replicaMemoryMiB"
>;

export interface UpOptions extends StandOptions {
  readonly provision: boolean;
  /** Make the database from the backup when no machine has its data. */
  readonly fromBackup: boolean;
}

/** How long services may take to be well before they count as broken: after a boot or the playbook, and otherwise. */
const SETTLING_S = 60;
const RUNNING_S = 5;

export async function up(context: Context, options: UpOptions): Promise<void> {
  try {
    showResult(await bringUp(context, options));
  } catch (error) {
    if (context.signal.aborted)
      context.progress.log("The next `ring up` goes on from here; `ring down` stops what runs.");
    throw error;
  }
}

interface ApiSize extends ReplicaSize {
  readonly replicas: number;
}

/** Gives the API of a running stand another size, while it serves. @throws {CommandError} with the problems that the stand has then */
export function resize(context: Context, { replicas, cpu, memoryMiB }: ApiSize): Promise<void> {
  return exclusively(context, "up", 0, async () => {
    assertNoExperiment(context);
    const options = { replicas, replicaCpu: cpu, replicaMemoryMiB: memoryMiB, provision: false, fromBackup: false };
    assertNoProblems(await bringUp(context, options));
  });
}

async function bringUp(context: Context, { provision: isAsked, fromBackup, ...options }: UpOptions) {
  const { progress, signal } = context;
  const lab = labOf(context, "up");
  const { created, surplus, moves, isRaised, warnings } = await progress.step("Machines", (onProgress) =>
    lab.up({ onProgress, signal, ...options }),
  );
  for (const warning of warnings) progress.log(warning);
  await undoOpenFaults(context);
  await progress.step("API bundle", () => makeBundle(signal));

  if (surplus.length > 0 && !moves) await removeReplicas(context, lab, surplus, isRaised);
  const inventory = await context.inventory();
  if (inventory.byRole("kubernetes").length > 0) await progress.step("API image", () => makeImage(signal));
  const folders = [PLAYBOOK_FOLDER, BUNDLE_FOLDER, CHART_FOLDER, RULES_FOLDER, DASHBOARDS_FOLDER];
  const files = checksumOf([...folders, inventory.file]);
  // The playbook makes secrets that are missing, so theirs counts when it has ended.
  const checksum = (): string => `${files} ${checksumOf([inventory.secretsFolder])}`;
  const isUnchanged = created.length === 0 && readProvisioned(context.folder).machines === checksum();
  // Where nothing has changed, the playbook runs only when services need it.
  let status: StandStatus | undefined;
  if (isUnchanged && !isAsked && !fromBackup) {
    // A size that was taken back before the playbook began.
    await lab.provisioningLimits("off");
    status = await startServices(context, lab, RUNNING_S);
  }
  if (status === undefined || status.problems.length > 0) {
    changeProvisioned(context.folder, ({ snapshots }) => ({ snapshots }));
    await provision(context, "Playbook", { restore_from_backup: fromBackup }, { isRaised });
    changeProvisioned(context.folder, (provisioned) => ({ ...provisioned, machines: checksum() }));
    status = undefined;
  }
  if (moves) await removeMachines(context, lab, `Removing ${surplus.join(", ")}`);
  return status ?? (await startServices(context, lab, SETTLING_S));
}

/** They serve until the ingress leads to the others only, and monitoring does not miss them. */
async function removeReplicas(context: Context, lab: Lab, names: readonly string[], isRaised: boolean): Promise<void> {
  changeProvisioned(context.folder, ({ snapshots }) => ({ snapshots }));
  await provision(
    context,
    `Ingress without ${names.join(", ")}`,
    {},
    { roles: { only: ["ingress", "prometheus"] }, isRaised },
  );
  await removeMachines(context, lab, "Fewer replicas");
}

async function removeMachines({ progress, signal }: Context, lab: Lab, title: string): Promise<void> {
  await progress.step(title, (onProgress) => lab.removeSurplus({ onProgress, signal }));
}

async function startServices(context: Context, lab: Lab, usualWaitSeconds: number): Promise<StandStatus> {
  await startPrograms(context, lab);
  const hasJustBooted = (await lab.status()).some(({ bootedAt = 0 }) => Date.now() - bootedAt < SETTLING_S * 1_000);
  const waitSeconds = hasJustBooted ? SETTLING_S : usualWaitSeconds;
  return context.progress.step("Services", (log) => waitForHealth(context, waitSeconds, log));
}

const AUTHORITY_STEPS = {
  trust: "All machines trust the new authority, too",
  replace: "They get certificates of the new one",
  forget: "Nobody trusts the old one",
};

/** Replaces authorities while the stand serves. Called again after an interruption, it goes on. */
export async function newAuthority(context: Context, names: readonly string[]): Promise<void> {
  await context.inventory();
  for (const [step, title] of Object.entries(AUTHORITY_STEPS))
    await provision(
      context,
      title,
      { new_authorities: names.join(","), authority_step: step },
      { roles: { without: ["base"] } },
    );
  print(`New: ${names.join(", ")}. A certificate or key of before is worth nothing; keep a copy of the secrets.\n`);
}

/**
 * Runs the playbook, and restarts the lab's programs on this computer: they read logins and certificates when they start.
 * @param isRaised limits that were raised before stay so until the whole playbook has told every service
 */
async function provision(
  context: Context,
  title: string,
  variables: Readonly<Record<string, unknown>>,
  { roles, isRaised = false }: Pick<PlaybookOptions, "roles"> & { readonly isRaised?: boolean } = {},
): Promise<void> {
  const { lab } = context;
  const { file: inventoryFile } = await context.inventory();
  await context.progress.step(title, async (log) => {
    await lab?.provisioningLimits("on");
    let isComplete = false;
    try {
      const logFile = join(context.folder, "playbook.log");
      await runPlaybook({ variables, roles, inventoryFile, logFile, log, signal: context.signal });
      isComplete = roles === undefined;
    } finally {
      if (isComplete || !isRaised) await lab?.provisioningLimits("off");
    }
  });
  if (lab === undefined) return;
  await stopPrograms(context, inventoryFile);
  await startPrograms(context, lab);
}

/** @throws {CommandError} with the problems, after the addresses have been printed */
function showResult(status: StandStatus): void {
  const { endpoints } = status;
  const rows = SERVICE_NAMES.flatMap((name) => (endpoints[name] === undefined ? [] : [[`  ${name}`, endpoints[name]]]));
  const more = ["Logins: ring logins    State: ring status    A shell: ring ssh pg-01    All commands: ring --help"];
  print(`${["", ...columns(rows), "", ...more].join("\n")}\n`);
  assertNoProblems(status);
}

function assertNoProblems({ problems }: StandStatus): void {
  if (problems.length === 0) return;
  const list = problems.map((problem) => `  ${oneLine(problem)}`).join("\n");
  throw new CommandError(`The stand is up, but has problems:\n${list}`);
}
