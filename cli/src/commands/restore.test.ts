import { expect, test } from "bun:test";
import { lossText } from "./restore.ts";

test("before the question one sees how much there is now and was then, of tables of either", () => {
  const text = lossText({
    id: "20260131T120000Z",
    moment: "2026-01-31 11:00:00 UTC",
    timeline: 3,
    backups: ["20260131-030000F"],
    backup_ended: "2026-01-31 03:00:10 UTC",
    bytes: 1,
    archive_ends: "2026-01-31 11:59:00 UTC",
    backup: "20260131-030000F",
    last_commit: "2026-01-31 10:59:58+00",
    rows: { cities: 5, gone: 1 },
    checksums: "good",
    service: "lists 5 cities",
    live: { rows: { cities: 8, added: 2 }, last_commit: "2026-01-31 11:59:59+00" },
  });
  expect(text.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["Restored from 20260131-030000F; page checksums good; the service: lists 5 cities."],
    ["rows of", "now", "then"],
    ["added", "2", "-"],
    ["cities", "8", "5"],
    ["gone", "-", "1"],
    ["last commit", "2026-01-31 11:59:59+00", "2026-01-31 10:59:58+00"],
    ["What was committed after that is given up. It stays in the archive and in the old data."],
  ]);
});
