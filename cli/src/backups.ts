import { columns, oneLine } from "@goldenring/run-kit";
import * as z from "zod";
import { age, bytes } from "./status-text.ts";

/** Seconds since 1970. */
const seconds = z.number();

const Timeline = z.object({
  timeline: z.int(),
  newestSegment: z.string(),
  archivedAt: seconds,
  /** First and last name of each row of missing segments. */
  missing: z.array(z.tuple([z.string(), z.string()])),
  /** Moments that a backup leads to; null where no database machine could be asked. */
  restorable: z.array(z.object({ from: seconds, to: seconds, backup: z.string() })).nullable(),
});

const Repository = z.object({
  key: z.int(),
  kind: z.string(),
  where: z.string(),
  /** Why it cannot be read. */
  error: z.string().optional(),
  backups: z.array(
    z.object({
      label: z.string(),
      type: z.string(),
      timeline: z.int(),
      start: seconds,
      stop: seconds,
      databaseBytes: z.int(),
      /** What it added to the repository. */
      addedBytes: z.int(),
      /** What a restore reads. */
      restoreBytes: z.int().nullable(),
      isDamaged: z.boolean(),
    }),
  ),
  timelines: z.array(Timeline),
});

/** What `goldenring-backup list` prints on a machine. */
export const BackupList = z.object({ stanza: z.string(), repositories: z.array(Repository) });
export type BackupList = z.infer<typeof BackupList>;

/** @param timeZone of the person who reads it; default: that of this computer */
export function backupsText({ repositories }: BackupList, timeZone?: string): string {
  return repositories.map((repository) => repositoryText(repository, timeZone)).join("\n\n");
}

function repositoryText(
  { key, where, error, backups, timelines }: z.infer<typeof Repository>,
  timeZone?: string,
): string {
  const head = `Repository ${key}: ${where}`;
  if (error !== undefined) return `${head}\n  ! cannot be read: ${oneLine(error)}`;
  const rows = backups.map((backup) => [
    `  ${backup.label}`,
    backup.type,
    `timeline ${backup.timeline}`,
    `${age(new Date(backup.stop * 1_000).toISOString())} old`,
    `database ${bytes(backup.databaseBytes)}`,
    `added ${bytes(backup.addedBytes)}`,
    backup.isDamaged ? "damaged" : "",
  ]);
  return [
    head,
    ...(rows.length === 0 ? ["  ! no backup yet"] : columns(rows)),
    ...timelines.flatMap((timeline) => timelineLines(timeline, timeZone)),
  ].join("\n");
}

function timelineLines({ timeline, missing, restorable, archivedAt }: z.infer<typeof Timeline>, timeZone?: string) {
  const ranges =
    restorable === null
      ? [`archived up to ${moment(archivedAt, timeZone)}; no database machine could be asked what can be restored`]
      : restorable.map(({ from, to }) => `${moment(from, timeZone)} to ${moment(to, timeZone)}`);
  const gaps = missing.map(([first, last]) => `  ! timeline ${timeline}: WAL is missing from ${first} to ${last}`);
  const lines = ranges.length === 0 ? ["nothing can be restored"] : ranges;
  return [...lines.map((line) => `  timeline ${timeline}: ${line}`), ...gaps];
}

const LOCAL = {
  ...({ year: "numeric", month: "2-digit", day: "2-digit" } as const),
  ...({ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" } as const),
};

/** `2026-11-30 10:21:43 UTC (11:21:43 CET)` */
function moment(time: number, timeZone?: string): string {
  const date = new Date(time * 1_000);
  const utc = date.toISOString().slice(0, 19).replace("T", " ");
  const local = date.toLocaleString("sv-SE", { ...LOCAL, timeZone });
  return local.endsWith(" UTC")
    ? `${utc} UTC`
    : `${utc} UTC (${local.startsWith(utc.slice(0, 10)) ? local.slice(11) : local})`;
}
