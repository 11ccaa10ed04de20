import { setTimeout as delay } from "node:timers/promises";
import { CommandError, EXIT, print, printError } from "@goldenring/run-kit";
import { type Completed, lastLines, type Machine, machineNamed, runOn, SSH_FAILED } from "@goldenring/stand";
import { BackupList, backupsText } from "../backups.ts";
import { type Context, noStand } from "../context.ts";

/** A repository that is unreachable takes half a minute to be given up. */
const LIST_DEADLINE_MS = 180_000;
const PROGRESS_DEADLINE_MS = 30_000;
const PROGRESS_EVERY_MS = 2_000;
/** Of `goldenring-backup verify`. */
const DAMAGED = 2;

/** Prints the backups and the moments that can be restored. */
export async function listBackups(context: Context, asJson: boolean): Promise<number> {
  const host = await backupHost(context);
  const databases = (await context.inventory()).byRole("postgres");
  const list = BackupList.parse(JSON.parse((await askFirst(context, [...databases, host])).stdout));
  print(`${asJson ? JSON.stringify(list, null, 2) : backupsText(list)}\n`);
  return EXIT.ok;
}

/** What the first machine that can be reached answers: only a database machine knows the moments that can be restored. */
async function askFirst(context: Context, [machine, ...others]: readonly Machine[]): Promise<Completed> {
  if (machine === undefined)
    throw new CommandError("No machine that knows the backups can be reached. See `ring status`.");
  const answer = await runOn(machine, "goldenring-backup list", {
    deadlineMs: LIST_DEADLINE_MS,
    signal: context.signal,
  });
  if (answer.code === 0) return answer;
  if (answer.code !== SSH_FAILED) printError(`ring: ${machine.name}: ${lastLines(answer.stderr, 3)}\n`);
  return askFirst(context, others);
}

/** Takes a backup in each repository. After Ctrl-C it goes on on its machine. */
export async function takeBackup(context: Context, type: string): Promise<number> {
  const host = await backupHost(context);
  const unit = `goldenring-backup@${type}`;
  await context.progress.step(`Backup (${type})`, async (log) => {
    const start = `systemctl start ${unit} || { journalctl --unit=${unit} --invocation=0 --output=cat | tail -5 >&2; exit 1; }`;
    const ended = runOn(host, start, { deadlineMs: Number.POSITIVE_INFINITY, signal: context.signal });
    await Promise.race([ended, showProgress(host, log, ended)]);
    const { code, stderr } = await ended;
    context.signal.throwIfAborted();
    if (code !== 0) throw new CommandError(`The backup failed:\n${lastLines(stderr, 6)}`);
  });
  return listBackups(context, false);
}

async function showProgress(host: Machine, log: (detail: string) => void, ended: Promise<unknown>): Promise<void> {
  let isRunning = true;
  void ended.then(() => {
    isRunning = false;
  });
  while (isRunning) {
    await Promise.race([ended, delay(PROGRESS_EVERY_MS)]);
    const { code, stdout } = await runOn(host, "goldenring-backup progress", { deadlineMs: PROGRESS_DEADLINE_MS });
    if (code !== 0 || !isRunning) continue;
    const { doneBytes, totalBytes } = JSON.parse(stdout) as { doneBytes?: number | null; totalBytes?: number | null };
    if (doneBytes && totalBytes) log(`${Math.round((doneBytes / totalBytes) * 100)} %`);
  }
}

/** Reads every file of the repositories. @returns 1 when files are damaged */
export async function verifyBackups(context: Context): Promise<number> {
  const host = await backupHost(context);
  const { code, stdout, stderr } = await context.progress.step("Verify", () =>
    runOn(host, "goldenring-backup verify", { deadlineMs: Number.POSITIVE_INFINITY, signal: context.signal }),
  );
  context.signal.throwIfAborted();
  if (code !== 0 && code !== DAMAGED)
    throw new CommandError(`The backups could not be verified: ${lastLines(stderr, 5)}`);
  print(stdout);
  return code === 0 ? EXIT.ok : EXIT.failed;
}

/** @throws {CommandError} (noStand) for a stand without backups */
async function backupHost(context: Context): Promise<Machine> {
  const inventory = await context.inventory();
  const machine = machineNamed(inventory, inventory.backupHost ?? "");
  if (machine === undefined) throw noStand("The stand has no machine for backups (backup_host in the inventory).");
  return machine;
}
