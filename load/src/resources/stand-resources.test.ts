import { expect, test } from "bun:test";
import { rowsOf } from "./stand-resources.ts";

const at = (time: number, value: number) => ({ time, value });

test("series become rows by time, with every machine's CPU and memory beside each other", () => {
  const cpu = [
    { labels: { machine: "api-01" }, values: [at(1010, 0.1), at(1020, 0.2)] },
    { labels: { machine: "pg-01" }, values: [at(1020, 0.3), at(1030, Number.NaN)] },
  ];
  const memory = [{ labels: { machine: "api-01", job: "api" }, values: [at(1010, 64)] }];
  const rows = rowsOf(
    [
      { series: cpu, use: (value) => ({ cpuShare: value }) },
      { series: memory, use: (value) => ({ memoryBytes: value }) },
    ],
    1000,
  );
  expect(rows).toEqual([
    { t: 10, parts: [{ name: "api-01", cpuShare: 0.1, memoryBytes: 64 }] },
    {
      t: 20,
      parts: [
        { name: "api-01", cpuShare: 0.2 },
        { name: "pg-01", cpuShare: 0.3 },
      ],
    },
  ]);
});
