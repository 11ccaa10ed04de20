import { join } from "node:path";
import { askYes, CommandError, columns, oneLine, print } from "@goldenring/run-kit";
import { type Machine, parseJson, runOn, shellQuote } from "@goldenring/stand";
import * as z from "zod";
import type { Context } from "../context.ts";
import { momentOf, momentText } from "../moment.ts";
import { runPlaybook } from "../playbook.ts";

export interface RestoreOptions {
  readonly to?: string;
  readonly toLatest: boolean;
  readonly toBefore?: string;
  readonly timeline?: number;
  readonly plan: boolean;
  readonly into?: string;
  readonly drop?: string;
  readonly yes: boolean;
}

const PROGRAM = "/usr/local/sbin/goldenring-restore";
const ANSWER_DEADLINE_MS = 120_000;
/** As long as the program on the machine waits for its own steps. */
const RESTORE_DEADLINE_MS = 5 * 3_600_000;

const Rows = z.record(z.string(), z.int());
const Plan = z.object({
  moment: z.string().nullable(),
  timeline: z.int(),
  backups: z.array(z.string()),
  backup_ended: z.string(),
  bytes: z.int(),
  archive_ends: z.string(),
});
const Restored = Plan.extend({
  backup: z.string(),
  last_commit: z.string().nullable(),
  rows: Rows,
  checksums: z.string().optional(),
  service: z.string().default("not asked"),
});
const Prepared = Restored.extend({
  id: z.string(),
  live: z.object({ rows: Rows, last_commit: z.string().nullable() }).nullable(),
});
const Role = z.object({ is_primary: z.boolean(), is_replica: z.boolean(), prepared: Prepared.nullable() });
const Looking = Restored.extend({ port: z.int() });

interface Member extends z.infer<typeof Role> {
  readonly machine: Machine;
}

/** Restores the database, or a copy of it for a look. */
export async function restoreDatabase(context: Context, options: RestoreOptions): Promise<void> {
  if (options.drop !== undefined) return dropLook(context, options.drop);
  const target = targetOf(options);
  const member = await context.progress.step("Check", async (log) => {
    const members = await membersOf(context);
    const [chosen] = [
      ...members.filter((each) => each.is_replica),
      ...members.filter((each) => each.is_primary),
      ...members,
    ];
    if (chosen === undefined)
      throw new CommandError("The stand has no database machine that answers. See `ring status`.");
    const primary = members.find((each) => each.is_primary);
    log("bringing what is committed by now into the archive");
    // An older moment can be restored without it; the plan tells when it cannot.
    if (primary !== undefined) await runOn(primary.machine, `${PROGRAM} flush`, { deadlineMs: ANSWER_DEADLINE_MS });
    return chosen;
  });
  const json = shellQuote(JSON.stringify(target));
  const plan = await ask(member.machine, `${PROGRAM} plan ${json}`, Plan);
  print(`${planText(plan, member.machine)}\n`);
  if (options.plan) return;
  if (options.into !== undefined) return look(context, member.machine, options.into, json);
  return replaceDatabase(context, target, options.yes);
}

/** As the program on the machine expects it. */
interface Target {
  readonly time?: string;
  readonly lsn?: string;
  readonly xid?: string;
  readonly timeline?: number;
}

function targetOf({ to, toLatest, toBefore, timeline }: RestoreOptions): Target {
  if ([to, toBefore, toLatest || undefined].filter((each) => each !== undefined).length !== 1)
    throw new CommandError("One of --to TIME, --to-latest and --to-before POINT is expected.", "usage");
  const following = timeline === undefined ? {} : { timeline };
  if (toBefore !== undefined) return { [toBefore.includes("/") ? "lsn" : "xid"]: toBefore, ...following };
  if (to === undefined) return following;
  const moment = momentOf(to);
  if (moment === undefined)
    throw new CommandError(`"${to}" is no moment such as "2026-01-31 12:00:00" or "2026-01-31 12:00:00+00".`, "usage");
  print(`Moment    ${momentText(moment)}\n`);
  if (moment.at > Date.now()) throw new CommandError("That is in the future. Is the time zone right?", "usage");
  return { time: moment.text, ...following };
}

async function replaceDatabase(context: Context, target: Target, isConfirmed: boolean): Promise<void> {
  const id = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const { time, lsn, xid, timeline } = target;
  const variables = {
    restore_id: id,
    ...(time === undefined ? {} : { restore_to: time }),
    ...(lsn === undefined && xid === undefined ? {} : { restore_to_before: lsn ?? xid }),
    ...(timeline === undefined ? {} : { restore_timeline: timeline }),
  };
  await playbook(context, "Restore beside the running database", { ...variables, restore_step: "prepare" });
  const prepared = (await membersOf(context)).find((each) => each.prepared?.id === id)?.prepared;
  if (!prepared) throw new CommandError("The restored data are gone from the machine: run the command again.");
  print(`${lossText(prepared)}\n`);
  const question = `The database of the stand ${context.stand} is replaced by this.`;
  if (!isConfirmed && !(await askYes(question, context.signal, context.stand)))
    throw new CommandError("The database was not replaced. Without a terminal to ask on, add --yes.");
  await playbook(context, "Switch to it", { ...variables, restore_step: "switch" });
  print(
    `Restored. The old data are in before-restore-${id} on the former primary's machine; a full backup is running.\n`,
  );
}

async function playbook(context: Context, title: string, variables: Readonly<Record<string, unknown>>): Promise<void> {
  const { file } = await context.inventory();
  const logFile = join(context.folder, "restore.log");
  await context.progress.step(title, (log) =>
    runPlaybook({ playbook: "restore.yml", variables, inventoryFile: file, logFile, log, signal: context.signal }),
  );
}

async function look(context: Context, machine: Machine, name: string, target: string): Promise<void> {
  const command = `systemd-run --quiet --collect --wait --pipe ${PROGRAM} look ${shellQuote(name)} ${target}`;
  const found = await context.progress.step(`Restore into ${name}`, () =>
    ask(machine, command, Looking, RESTORE_DEADLINE_MS),
  );
  const shell = `ring ssh -t ${machine.name} psql -p ${found.port} -U weather_owner -d weather`;
  const rows = Object.entries(found.rows).map(([table, then]) => [table, String(then)]);
  print(
    `${columns([["table", "rows"], ...rows]).join("\n")}\n\nRead it: ${shell}\nRemove it: ring restore --drop ${name}\n`,
  );
}

async function dropLook(context: Context, name: string): Promise<void> {
  const { machines } = await context.inventory();
  const command = `${PROGRAM} drop ${shellQuote(name)}`;
  const complaints: string[] = [];
  for (const machine of machines.filter(({ roles }) => roles.includes("postgres"))) {
    const { code, stdout, stderr } = await runOn(machine, command, { deadlineMs: ANSWER_DEADLINE_MS });
    if (code === 0) return;
    complaints.push(`${machine.name}: ${oneLine((stderr || stdout).trim())}`);
  }
  throw new CommandError(complaints.join("\n"));
}

async function membersOf(context: Context): Promise<readonly Member[]> {
  const inventory = await context.inventory();
  const all = inventory.byRole("postgres").map(async (machine) => {
    const { code, stdout, stderr } = await runOn(machine, `${PROGRAM} role`, { deadlineMs: ANSWER_DEADLINE_MS });
    if (code !== 0) context.progress.log(`${machine.name}: ${oneLine(stderr.trim())}`);
    const found = Role.safeParse(code === 0 ? parseJson(stdout) : undefined).data;
    return found && { machine, ...found };
  });
  return (await Promise.all(all)).filter((member) => member !== undefined);
}

async function ask<T>(
  machine: Machine,
  command: string,
  schema: z.ZodType<T>,
  deadlineMs = ANSWER_DEADLINE_MS,
): Promise<T> {
  const { code, stdout, stderr } = await runOn(machine, command, { deadlineMs });
  if (code !== 0) throw new CommandError(`${machine.name}: ${(stderr || stdout).trim()}`);
  return schema.parse(parseJson(stdout));
}

function planText(plan: z.infer<typeof Plan>, machine: Machine): string {
  return columns([
    ["State", plan.moment ?? "the target, or the newest in the archive"],
    ["Backup", `${plan.backups[0]}, ended at ${plan.backup_ended}`],
    ["Timeline", `${plan.timeline}, its archive ends at ${plan.archive_ends}`],
    ["Beside", `${machine.name}, ${Math.ceil(plan.bytes / 1e6)} MB`],
  ]).join("\n");
}

/** What is there now and what was there then. */
export function lossText({ rows, live, last_commit, checksums, backup, service }: z.infer<typeof Prepared>): string {
  const now = live?.rows ?? {};
  const tables = [...new Set([...Object.keys(now), ...Object.keys(rows)])].sort();
  const table = tables.map((name) => [name, String(now[name] ?? "-"), String(rows[name] ?? "-")]);
  return [
    `Restored from ${backup}; page checksums ${checksums ?? "are off"}; the service: ${oneLine(service)}.`,
    ...columns([
      ["rows of", "now", "then"],
      ...table,
      ["last commit", live?.last_commit ?? "unknown", last_commit ?? "in the backup"],
    ]),
    "What was committed after that is given up. It stays in the archive and in the old data.",
  ].join("\n");
}
