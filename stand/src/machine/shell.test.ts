import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DEADLINE_EXCEEDED } from "../computer/run-program.ts";
import type { Machine } from "../inventory/inventory.ts";
import { Shell } from "./shell.ts";
import { SSH_FAILED } from "./ssh.ts";

/** An ssh that runs its command line on this computer; a real one is used by every experiment. */
const LOCAL_SSH = `#!/bin/sh
echo $$ >> "$CONNECTIONS"
[ -e "$CONNECTIONS.refused" ] && { echo "no route" >&2; exit 255; }
for last; do :; done
exec sh -c "$last"
`;

const machine: Machine = {
  name: "pg-01",
  address: "10.88.0.11",
  roles: ["postgres"],
  ssh: { user: undefined, port: undefined, keyFile: undefined, args: [], sudo: false },
};
const path = process.env.PATH;
let folder: string;
let connections: string;
let shell: Shell;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-shell-"));
  connections = join(folder, "connections");
  writeFileSync(join(folder, "ssh"), LOCAL_SSH);
  chmodSync(join(folder, "ssh"), 0o755);
  process.env.PATH = `${folder}:${path}`;
  process.env.CONNECTIONS = connections;
});
afterAll(() => {
  process.env.PATH = path;
  delete process.env.CONNECTIONS;
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  shell = new Shell(machine);
});
afterEach(() => {
  shell.close();
  rmSync(connections, { force: true });
  rmSync(`${connections}.refused`, { force: true });
});

const pids = (): number[] =>
  existsSync(connections) ? readFileSync(connections, "utf8").trim().split("\n").map(Number) : [];
const run = (command: string, deadlineMs = 5_000) => shell.run(command, { deadlineMs });

test("many commands share one connection, and each gives its own output and exit code", async () => {
  const results = await Promise.all([run("echo one; exit 3"), run("printf 'two\n\n'; echo wrong >&2"), run("true")]);
  expect(results).toEqual([
    { code: 3, stdout: "one\n", stderr: "" },
    { code: 0, stdout: "two\n\nwrong\n", stderr: "" },
    { code: 0, stdout: "", stderr: "" },
  ]);
  expect(pids()).toHaveLength(1);
});

test("a command that reads its input gets it, or nothing, but not the next command", async () => {
  const given = shell.run("cat", { deadlineMs: 5_000, input: "a 'b' $HOME" });
  expect([(await given).stdout, (await run("cat")).stdout, (await run("echo still")).stdout]).toEqual([
    "a 'b' $HOME\n",
    "",
    "still\n",
  ]);
});

test("a syntax error is the failure of its own command only", async () => {
  expect((await run("echo 'open")).code).not.toBe(0);
  expect((await run("echo fine")).stdout).toBe("fine\n");
});

test("a command that is late is given up at its deadline, and the next one works on a new connection", async () => {
  const late = await run("sleep 60", 200);
  expect(late.code).toBe(DEADLINE_EXCEEDED);
  expect(await run("echo back")).toEqual({ code: 0, stdout: "back\n", stderr: "" });
  expect(pids()).toHaveLength(2);
});

test("a lost connection fails the command on it, and the next one works", async () => {
  const lost = run("echo begun; sleep 60");
  while (pids().length === 0) await delay(10);
  await delay(100);
  process.kill(-(pids()[0] ?? 0), "SIGKILL");
  expect(await lost).toMatchObject({ code: SSH_FAILED, stdout: "begun\n" });
  expect((await run("echo back")).stdout).toBe("back\n");
});

test("a machine that is not reached is said to be, with ssh's words", async () => {
  writeFileSync(`${connections}.refused`, "");
  expect(await run("true")).toEqual({ code: SSH_FAILED, stdout: "", stderr: "no route\n" });
});

test("a shell kept warm replaces a connection that died while nobody used it", async () => {
  const warm = new Shell(machine, { keepWarmMs: 50 });
  try {
    while (pids().length === 0) await delay(10);
    process.kill(-(pids()[0] ?? 0), "SIGKILL");
    const deadline = performance.now() + 5_000;
    while (pids().length < 2 && performance.now() < deadline) await delay(10);
    expect(pids()).toHaveLength(2);
  } finally {
    warm.close();
  }
});

test("a closed shell runs nothing any more", async () => {
  await run("true");
  shell.close();
  expect((await run("true")).code).toBe(SSH_FAILED);
});
