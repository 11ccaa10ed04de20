import { expect, test } from "bun:test";
import { metricsOf } from "./fault-marks.ts";

const MARK = {
  experiment: "CE-01",
  machine: "pg-01",
  words: "reboot",
  startedAt: 1_700_000_000_123,
  endedAt: undefined,
};

test("a fault is a metric from its beginning, and another one from its end", () => {
  const begun =
    'goldenring_fault_begun_timestamp_seconds{experiment="CE-01",target="pg-01",fault="reboot"} 1700000000.123';
  expect(metricsOf([MARK]).split("\n").filter(isSample)).toEqual([begun]);
  expect(
    metricsOf([{ ...MARK, endedAt: 1_700_000_010_000 }])
      .split("\n")
      .filter(isSample),
  ).toEqual([
    begun,
    'goldenring_fault_ended_timestamp_seconds{experiment="CE-01",target="pg-01",fault="reboot"} 1700000010.000',
  ]);
});

test("a fault that comes again is one series, of the last time", () => {
  const samples = metricsOf([MARK, { ...MARK, startedAt: 1_700_000_060_000 }])
    .split("\n")
    .filter(isSample);
  expect(samples).toHaveLength(1);
  expect(samples[0]).toEndWith(" 1700000060.000");
});

test("quotes, backslashes and line breaks in what a fault is called do not break the text", () => {
  const [sample] = metricsOf([{ ...MARK, words: 'a "b" \\ c\nd' }])
    .split("\n")
    .filter(isSample);
  expect(sample).toContain('fault="a \\"b\\" \\\\ c\\nd"');
});

function isSample(line: string): boolean {
  return line !== "" && !line.startsWith("#");
}
