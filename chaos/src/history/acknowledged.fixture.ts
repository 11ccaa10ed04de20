import { type History, parseHistory } from "./history.ts";

/** A history of writes that begin with it and are acknowledged at these ms. @param from its beginning, ms of the shared clock */
export function acknowledgedAt(from: number, moments: readonly number[]): History {
  const header = { e: "history", version: 1, run: "r", target: "http://x", at: from, wallClock: "", clients: 1 };
  const write = { client: 0, kind: "add", key: "city/1", dateTime: 1, temperature: 1, at: from };
  const lines = [
    { ...header, intervalMs: 50, readDeadlineMs: 1, writeDeadlineMs: 1 },
    ...moments.flatMap((moment, op) => [
      { e: "begin", op, value: `r:${op}`, ...write },
      { e: "end", op, at: from + moment, outcome: "ok" },
    ]),
    { e: "close", at: from + 60_000, reason: "time" },
  ];
  return parseHistory(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
