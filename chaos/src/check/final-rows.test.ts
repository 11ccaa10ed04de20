import { expect, test } from "bun:test";
import type { Write } from "../history/history.ts";
import { judgeStoredValues } from "./final-rows.ts";

const write = (value: string, outcome: Write["outcome"]): Write => ({
  op: 0,
  client: 0,
  kind: "add",
  key: "/orders",
  value,
  dateTime: 0,
  temperature: 0,
  start: 0,
  end: 1,
  outcome,
  abandoned: false,
});

const WRITES = [write("r:0:0", "ok"), write("r:0:1", "unknown"), write("r:0:2", "failed")];
const kinds = (...stored: string[]): string[] => judgeStoredValues(WRITES, stored).map(({ kind }) => kind);

test("acknowledged values that are stored once are right, whether those of unknown outcome are there or not", () => {
  expect(kinds("r:0:0")).toEqual([]);
  expect(kinds("r:0:0", "r:0:1")).toEqual([]);
});

test("each planted fault is found", () => {
  expect(kinds()).toEqual(["lost"]);
  expect(kinds("r:0:0", "r:0:0")).toEqual(["duplicated"]);
  expect(kinds("r:0:0", "r:0:1", "r:0:1")).toEqual(["duplicated"]);
  expect(kinds("r:0:0", "r:0:2")).toEqual(["refused-but-stored"]);
  expect(kinds("r:0:0", "r:9:9")).toEqual(["invented"]);
});
