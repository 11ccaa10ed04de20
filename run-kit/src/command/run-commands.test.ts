import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Command } from "commander";
import { makeRunFolder, writeRunFile } from "../record/run-folder.ts";
import { CommandError } from "./exit.ts";
import { addRunCommands, type RunKind } from "./run-commands.ts";

const runs = mkdtempSync(join(tmpdir(), "goldenring-run-commands-"));
afterAll(() => rmSync(runs, { recursive: true }));

const folders: string[] = [];
for (const what of ["older", "newer"]) {
  const { folder } = await makeRunFolder(runs, what, new Date(Date.UTC(2026, 0, 1, 0, folders.length)));
  writeRunFile(folder, "run.json", {});
  folders.push(folder);
}
const [older = "", newer = ""] = folders;

const kind: RunKind<string> = {
  record: "run.json",
  read: async (folder) => {
    if (folder === older) throw new CommandError("of an older version", "usage");
    return basename(folder);
  },
  row: (run) => [`row of ${run}`],
  report: async (folder) => `${folder}/report.html`,
  junit: (run) => `junit of ${run}`,
  compare: async (all) => all.join(" and "),
};

async function resultsOf(...words: string[]): Promise<string[]> {
  const results: string[] = [];
  const output = { log() {}, live() {}, result: (text: string) => void results.push(text) };
  const program = new Command("test").exitOverride();
  const signal = new AbortController().signal;
  addRunCommands(program, { output, runs, signal, outcome: { exitCode: 0 } }, kind);
  await program.parseAsync(words, { from: "user" });
  return results;
}

test("the list has every run, also one that this version cannot read", async () => {
  const [list = ""] = await resultsOf("runs");
  expect(list.split("\n")).toEqual([
    `${basename(older)}  this version cannot read its record`,
    `${basename(newer)}  row of ${basename(newer)}`,
  ]);
});

test("a report is of the newest run, or of the one that its id or its folder names", async () => {
  expect(await resultsOf("report")).toEqual([`${newer}/report.html`]);
  expect(await resultsOf("report", basename(older))).toEqual([`${older}/report.html`]);
  expect(await resultsOf("report", older)).toEqual([`${older}/report.html`]);
  await expect(resultsOf("report", "none")).rejects.toThrow(
    `There is no run none. The newest are:\n  ${basename(older)}`,
  );
  await expect(resultsOf("report", "--runs", join(runs, "none"))).rejects.toThrow("There is no run in");
});

test("a report comes with its verdict as JUnit XML where a file is named", async () => {
  const file = join(runs, "junit.xml");
  expect(await resultsOf("report", "--junit", file)).toEqual([`${newer}/report.html`, file]);
  expect(readFileSync(file, "utf8")).toBe(`junit of ${basename(newer)}`);
});

test("a comparison is of at least two different runs", async () => {
  const file = join(runs, "page.html");
  await expect(resultsOf("compare", newer, basename(newer), "-o", file)).rejects.toThrow("two different runs");
  expect(existsSync(file)).toBe(false);
  await expect(resultsOf("compare", newer, older, "-o", file)).rejects.toThrow("of an older version");
});
