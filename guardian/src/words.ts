import type { Evidence } from "./evidence.ts";

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const SILENT_MS = 3_000;

/** What each machine reports, in words. */
export function viewsOf({ clients, databases }: Evidence): Readonly<Record<string, string>> {
  const views: Record<string, string> = {};
  for (const [name, { heardMs, waitingMs, answeredMs, waitsFor, reach }] of Object.entries(clients)) {
    const unreached = Object.entries(reach).flatMap(([machine, { refused, silent }]) =>
      refused + silent > 0 ? [`reaches ${machine} badly`] : [],
    );
    const writes =
      waitingMs === undefined
        ? []
        : [
            waitingMs > 0
              ? `writes have waited ${seconds(waitingMs)} (${waitsFor ?? "?"})`
              : `last write answered ${answeredMs == null ? "never" : `${seconds(answeredMs)} ago`}`,
          ];
    const seen = [...writes, ...unreached].join(", ") || "reaches PostgreSQL";
    views[name] = heardMs > SILENT_MS ? `not heard for ${seconds(heardMs)}` : seen;
  }
  for (const [name, { heardMs, sql, diskMs }] of Object.entries(databases)) {
    const waits = Object.entries({ standby: sql.standbyMs, disk: sql.diskMs, lock: sql.lockMs }).flatMap(
      ([what, ms]) => ((ms ?? 0) > 0 ? [`a write has waited ${seconds(ms ?? 0)} for a ${what}`] : []),
    );
    const answer = sql.error ?? (sql.answeredMs === null ? "no answer yet" : `answered ${seconds(sql.answeredMs)} ago`);
    const role = sql.primary === undefined ? "PostgreSQL" : sql.primary ? "primary" : "standby";
    const seen = [`${role} ${answer}`, `disk ${diskMs} ms`, ...waits].join(", ");
    views[name] = heardMs > SILENT_MS ? `not heard for ${seconds(heardMs)}` : seen;
  }
  return views;
}
