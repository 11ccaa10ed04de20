import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Inventory, SignOfLife } from "@goldenring/stand";
import { backgroundProgram } from "./background-program.ts";

setDefaultTimeout(30_000);

/** Reports as a real program does, in `life.json` of the folder that its last argument names. */
const PROGRAM = `
  const { writeFileSync, renameSync } = require("node:fs");
  const folder = process.argv.at(-1);
  function live() {
    writeFileSync(folder + "/new", JSON.stringify({ pid: process.pid, aliveAt: new Date().toISOString() }));
    renameSync(folder + "/new", folder + "/life.json");
  }
  live();
  setInterval(live, 200);
`;
const inventory: Inventory = {
  file: "/inventory.yml",
  standName: "lab",
  network: "10.88.0.0/24",
  secretsFolder: "/secrets",
  rto: "fast",
  labNamespace: undefined,
  fenceCommand: undefined,
  machines: [],
  replica: { cpu: 0.25, memoryMiB: 128 },
  byRole: () => [],
};

let folder: string;
let program: ReturnType<typeof backgroundProgram<SignOfLife>>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-background-"));
  const reports = { read: readReport };
  program = backgroundProgram({ name: "night watch", folder, lastArguments: ["--folder", folder], reports });
});
afterEach(async () => {
  await program.stop();
  rmSync(folder, { recursive: true });
});

function readReport(of: string): SignOfLife | undefined {
  try {
    return JSON.parse(readFileSync(join(of, "life.json"), "utf8"));
  } catch {
    return undefined;
  }
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe("a program in the background", () => {
  test("runs from its start to its stop, and a second start leaves it as it is", async () => {
    expect(program.state()).toEqual({ isRunning: false, report: undefined });
    const words = [write("program.cjs", PROGRAM)];
    await program.start(inventory, words);
    const pid = program.state().report?.pid;
    expect(program.state().isRunning).toBe(true);
    await program.start(inventory, words);
    expect(program.state().report?.pid).toBe(pid ?? 0);
    await program.stop();
    expect(program.state()).toMatchObject({ isRunning: false, report: { pid } });
  });

  test("that hangs does not count as running, and a start replaces it", async () => {
    const words = [write("program.cjs", PROGRAM)];
    await program.start(inventory, words);
    const pid = program.state().report?.pid ?? 0;
    process.kill(pid, "SIGSTOP");
    write("life.json", JSON.stringify({ pid, aliveAt: "2026-01-01T00:00:00Z" }));
    expect(program.state().isRunning).toBe(false);
    await program.start(inventory, words);
    expect(program.state().isRunning).toBe(true);
    expect(program.state().report?.pid).not.toBe(pid);
  });

  test("that does not start is explained by its own output", async () => {
    const words = [write("program.cjs", 'console.error("no such address"); process.exit(1)')];
    await expect(program.start(inventory, words)).rejects.toThrow("The night watch does not start:\nno such address");
  });

  test("is never confused with another process that got its number", async () => {
    write("life.json", JSON.stringify({ pid: process.pid, aliveAt: new Date().toISOString() }));
    expect(program.state().isRunning).toBe(false);
    await program.stop();
    expect(process.pid).toBeGreaterThan(0);
  });
});
