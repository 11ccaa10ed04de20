import { spawn } from "node:child_process";
import { LabProblem } from "./problem.ts";

export type Command = readonly [string, ...string[]];

export interface RunOptions {
  /** Standard input; default: none. */
  readonly input?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly environment?: NodeJS.ProcessEnv;
  /** Called with each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface Ended {
  /** Exit code; 127 when the command does not exist, 128 when a signal ended it (also: the deadline, the abort). */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEADLINE_MS = 60_000;

/**
 * Runs a command to its end, in a process group of its own: a terminal's Ctrl-C does not reach it, the abort signal does.
 * Never rejects: a command that does not exist is an exit code like any other.
 */
export function run(command: Command, options: RunOptions = {}): Promise<Ended> {
  const [program, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: "/",
      detached: true,
      env: options.environment ?? process.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const killGroup = () => killProcessGroup(child.pid);
    const timer = setTimeout(killGroup, options.deadlineMs ?? DEADLINE_MS);
    options.signal?.addEventListener("abort", killGroup);
    let stdout = "";
    let stderr = "";
    let line = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      if (!options.onLine) return;
      const lines = (line + chunk).split("\n");
      line = lines.pop() ?? "";
      for (const each of lines) options.onLine(each);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    const settle = (code: number) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", killGroup);
      resolve({ code, stdout, stderr });
    };
    child.on("error", (error) => {
      stderr += `${error.message}\n`;
      settle(127);
    });
    child.on("close", (code) => settle(code ?? 128));
    // A command that ends before it has read its input is no error of ours.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** @throws LabProblem with the command and the end of what it said, unless it ends with 0 */
export async function runOrFail(command: Command, options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  options.signal?.throwIfAborted();
  if (code === 0) return stdout;
  const said = lastLines(stderr.trim() === "" ? stdout : stderr, 5);
  throw new LabProblem(`\`${command.slice(0, 12).join(" ")}\` failed (exit code ${code})${said ? `:\n${said}` : ""}`);
}

export function lastLines(text: string, count: number): string {
  return text.trim().split("\n").slice(-count).join("\n");
}

function killProcessGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
