import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DEADLINE_EXCEEDED, runProgram } from "./run-program.ts";
import { cleanEnvironment } from "./start-program.ts";

test("an aborted command may stop cleanly within its grace, and is killed after it", async () => {
  const run = (script: string, stopGraceMs: number) => {
    const stop = new AbortController();
    const onLine = (): void => stop.abort();
    return runProgram(["sh", "-c", script], { deadlineMs: 60_000, signal: stop.signal, stopGraceMs, onLine });
  };
  expect(await run("trap 'echo clean; exit 3' INT; echo ready; while :; do sleep 0.05; done", 30_000)).toMatchObject({
    code: 3,
    stdout: "ready\nclean\n",
  });
  expect((await run("trap '' INT; echo ready; sleep 60", 100)).code).toBe(137);
  expect((await run("echo ready; sleep 60", 0)).code).toBe(137);
});

test("a command gives its exit code and both of its outputs", async () => {
  const command = ["sh", "-c", "cat; echo wrong >&2; exit 7"];
  expect(await runProgram(command, { deadlineMs: 5_000, input: "read" })).toEqual({
    code: 7,
    stdout: "read",
    stderr: "wrong\n",
  });
});

test("a program's number is known at once, its output can be taken instead of kept, and its input held open", async () => {
  const [over, events]: [AbortController, string[]] = [new AbortController(), []];
  const { code, stdout, stderr } = await runProgram(["sh", "-c", "echo $$; echo wrong >&2; cat; echo gone"], {
    deadlineMs: Number.POSITIVE_INFINITY,
    holdsInput: true,
    signal: over.signal,
    onStart: (pid) => events.push(`${pid}\n`),
    takes: {
      stdout(text) {
        events.push(text);
        over.abort();
      },
    },
  });
  expect({ code, stdout, stderr }).toEqual({ code: 137, stdout: "", stderr: "wrong\n" });
  expect(events).toEqual([events[0] ?? "", events[0] ?? ""]);
});

test("a program that does not exist is exit code 127", async () => {
  expect((await runProgram(["no-such-program"], { deadlineMs: 5_000 })).code).toBe(127);
});

test("a command that is killed gives 128 and the signal", async () => {
  expect((await runProgram(["sh", "-c", "kill -TERM $$"], { deadlineMs: 5_000 })).code).toBe(143);
});

test("a command is ended at its deadline with all that it started, and what it wrote so far is kept", async () => {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "goldenring-command-"));
  const survived = join(folder, "survived");
  const script = 'echo so far; (sleep 0.6; touch "$1") & sleep 60';
  const { code, stdout } = await runProgram(["sh", "-c", script, "sh", survived], { deadlineMs: 300 });
  expect(code).toBe(DEADLINE_EXCEEDED);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(stdout).toBe("so far\n");
  await delay(600);
  expect(existsSync(survived)).toBe(false);
  rmSync(folder, { recursive: true });
});

test("bash runs nothing of the user's home folder, although its input is a socket as in a login by ssh", async () => {
  const home = mkdtempSync(join(tmpdir(), "home-"));
  writeFileSync(join(home, ".bashrc"), "echo from .bashrc\n");
  const environment = cleanEnvironment({ PATH: process.env.PATH, HOME: home });
  const { stdout } = await runProgram(["bash", "-c", "echo done"], { deadlineMs: 60_000, environment });
  rmSync(home, { recursive: true });
  expect(stdout).toBe("done\n");
});
