import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { programReport } from "./program-report.ts";
import { waitUntil } from "./wait-for.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-report-"));
afterAll(() => rmSync(folder, { recursive: true }));
const report = programReport("program.json", z.object({ url: z.string() }));

test("a program's report has its process and details, and is renewed until it stops", async () => {
  let url = "one";
  const kept = report.keep(folder, () => ({ url }));
  const first = report.read(folder);
  expect(first).toMatchObject({ pid: process.pid, url: "one" });
  url = "two";
  kept.renew();
  const second = report.read(folder);
  expect(second).toMatchObject({ url: "two", startedAt: first?.startedAt });
  expect(await waitUntil(() => report.read(folder)?.aliveAt !== second?.aliveAt, { deadlineMs: 20_000 })).toBe(true);
  kept.stop();
});

test("a report that is missing or damaged is none", () => {
  expect(programReport("missing.json", z.object({})).read(folder)).toBeUndefined();
  writeFileSync(join(folder, "damaged.json"), '{"pid":');
  expect(programReport("damaged.json", z.object({})).read(folder)).toBeUndefined();
});
