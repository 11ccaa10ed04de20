import { expect, test } from "bun:test";
import type { FaultRecord } from "../run/record.ts";
import { metricsOf } from "./fault-marks.ts";

const STARTED_AT = 1_700_000_000_000;
const FAULT: FaultRecord = {
  kind: "reboot",
  machine: "pg-01",
  words: "reboot",
  at: 123,
  injectedAt: null,
  undoneAt: null,
};

const samplesOf = (...faults: readonly FaultRecord[]): string[] =>
  metricsOf("CE-01", STARTED_AT, faults)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

test("a fault is a metric from its beginning, and another one from its end", () => {
  const begun =
    'goldenring_fault_begun_timestamp_seconds{experiment="CE-01",target="pg-01",fault="reboot"} 1700000000.123';
  expect(samplesOf(FAULT)).toEqual([begun]);
  expect(samplesOf({ ...FAULT, undoneAt: 10_000 })).toEqual([
    begun,
    'goldenring_fault_ended_timestamp_seconds{experiment="CE-01",target="pg-01",fault="reboot"} 1700000010.000',
  ]);
});

test("a fault that comes again is one series, of the last time", () => {
  const samples = samplesOf(FAULT, { ...FAULT, at: 60_000 });
  expect(samples).toHaveLength(1);
  expect(samples[0]).toEndWith(" 1700000060.000");
});

test("quotes, backslashes and line breaks in what a fault is called do not break the text", () => {
  const [sample] = samplesOf({ ...FAULT, words: 'a "b" \\ c\nd' });
  expect(sample).toContain('fault="a \\"b\\" \\\\ c\\nd"');
});

test("without faults there is no text: the file is removed", () => {
  expect(metricsOf("CE-01", STARTED_AT, [])).toBe("");
});
