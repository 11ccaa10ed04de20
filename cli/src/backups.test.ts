import { expect, test } from "bun:test";
import { BackupList, backupsText } from "./backups.ts";

const LIST = BackupList.parse({
  stanza: "lab",
  repositories: [
    {
      key: 1,
      kind: "posix",
      where: "on prometheus",
      backups: [
        {
          label: "20261130-102139F",
          type: "full",
          timeline: 1,
          start: 1796034099,
          stop: 1796034103,
          databaseBytes: 23_422_054,
          addedBytes: 2_951_632,
          restoreBytes: 2_951_632,
          isDamaged: false,
        },
      ],
      timelines: [
        {
          timeline: 1,
          newestSegment: "00000001000000000000000A",
          archivedAt: 1796034363,
          missing: [["000000010000000000000007", "000000010000000000000008"]],
          restorable: [{ from: 1796034103, to: 1796079900.5, backup: "20261130-102139F" }],
        },
      ],
    },
    { key: 2, kind: "s3", where: "s3://b/lab", error: "[HostConnectError] refused\nmore", backups: [], timelines: [] },
  ],
});

test("shows each repository: its backups, and in UTC and local time what can be restored and what is missing", () => {
  const text = backupsText(LIST, "Europe/Berlin");
  expect(text).toContain("Repository 1: on prometheus\n  20261130-102139F  full  timeline 1");
  expect(text).toMatch(/old {2}database 23 MB {2}added 2952 kB/);
  expect(text).toContain(
    "  timeline 1: 2026-11-30 10:21:43 UTC (11:21:43 CET) to 2026-11-30 23:05:00 UTC (2026-12-01 00:05:00 CET)\n",
  );
  expect(text).toContain("  ! timeline 1: WAL is missing from 000000010000000000000007 to 000000010000000000000008");
  expect(text).toEndWith("Repository 2: s3://b/lab\n  ! cannot be read: [HostConnectError] refused\\nmore");
});

test("shows a time once where the computer's time is UTC", () => {
  expect(backupsText(LIST, "UTC")).toContain("timeline 1: 2026-11-30 10:21:43 UTC to 2026-11-30 23:05:00 UTC\n");
});

test("says that nothing can be restored yet, and when nobody could be asked", () => {
  const [first] = LIST.repositories;
  if (first === undefined) throw new Error("no repository");
  const withRanges = (restorable: null | []) =>
    backupsText({
      stanza: "lab",
      repositories: [{ ...first, backups: [], timelines: first.timelines.map((each) => ({ ...each, restorable })) }],
    });
  expect(withRanges([])).toContain("  ! no backup yet\n  timeline 1: nothing can be restored");
  expect(withRanges(null)).toContain("no database machine could be asked");
});
