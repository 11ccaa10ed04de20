import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

setDefaultTimeout(120_000);
const READY_MS = 90_000;
/** Until nothing of the service runs. Most of it is PostgreSQL's last checkpoint. */
const STOP_MS = 15_000;

let folder: string;
let npm: ChildProcess;
let output: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-npm-start-"));
});
afterEach(() => {
  for (const { pid } of processes()) process.kill(pid, "SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Processes that have this test's folder in their environment or arguments: npm, the service, PostgreSQL. */
function processes(): { readonly pid: number; readonly args: string }[] {
  return execFileSync("ps", ["axeww", "-o", "pid=,stat=,args="], { encoding: "utf8", maxBuffer: 100_000_000 })
    .split("\n")
    .flatMap((line) => {
      const [, pid, stat = "", args = ""] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      return args.includes(folder) && !stat.startsWith("Z") ? [{ pid: Number(pid), args }] : [];
    });
}

function pidOf(part: string): number {
  const found = processes().find(({ args }) => args.includes(part));
  if (found === undefined) throw new Error(`no process ${part} runs:\n${output}`);
  return found.pid;
}

async function until(isSo: () => boolean, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!isSo()) {
    if (performance.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

/** In a process group of its own, as a terminal does it. */
async function start(): Promise<void> {
  output = "";
  npm = spawn("npm", ["start"], {
    cwd: import.meta.dirname,
    detached: true,
    env: { ...process.env, DATA_FOLDER: join(folder, "data"), HOST: "127.0.0.1", PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [npm.stdout, npm.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  if (!(await until(() => output.includes('"msg":"ready"'), READY_MS))) throw new Error(`not ready:\n${output}`);
  expect(processes().some(({ args }) => args.includes("/postgres -D"))).toBe(true);
}

describe("nothing of npm start runs any more", () => {
  test.each([
    ["SIGTERM to npm", () => npm.kill("SIGTERM"), "stopped"],
    ["SIGKILL of npm", () => npm.kill("SIGKILL"), "stopped"],
    ["SIGTERM to the service", () => process.kill(pidOf("api/src/main.ts"), "SIGTERM"), "stopped"],
    ["SIGKILL of the service", () => process.kill(pidOf("api/src/main.ts"), "SIGKILL"), ""],
    ["the terminal was closed", () => process.kill(-(npm.pid ?? 0), "SIGHUP"), "stopped"],
  ])("after %s", async (_, end, lastMessage) => {
    await start();
    end();
    expect(await until(() => processes().length === 0, STOP_MS)).toBe(true);
    await until(() => output.includes(lastMessage), 1_000);
    expect(output).toContain(lastMessage);
  });

  test("after Ctrl-C, which terminal and npm both send: the service stops once, cleanly, and npm's exit code is 0", async () => {
    await start();
    const ended = once(npm, "close");
    process.kill(-(npm.pid ?? 0), "SIGINT");
    expect((await ended)[0]).toBe(0);
    expect(processes()).toEqual([]);
    expect(output.match(/"msg":"stopping"/g)).toHaveLength(1);
    expect(output).toContain('"msg":"stopped"');
  });
});
