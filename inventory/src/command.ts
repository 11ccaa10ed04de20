import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface RunOptions {
  /** Milliseconds after which the command is killed. */
  readonly deadlineMs: number;
  /** Written to its standard input; otherwise that is empty. */
  readonly input?: string;
}

/** How a command ended. */
export interface Completed {
  /** Exit code as a shell gives it: 127 there is no such program, 124 deadline exceeded, 128 + N ended by signal N. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Exit code of a command that was killed at its deadline, as timeout(1) gives it. */
export const DEADLINE_EXCEEDED = 124;

/** How long the streams of a killed command may stay open (a grandchild may hold them), in milliseconds. */
const CLOSING_PATIENCE = 200;

/**
 * Runs a program on this computer to its end or its deadline, out of reach of the terminal's Ctrl-C.
 *
 * Never rejects: whatever goes wrong is an exit code and a word on stderr.
 */
export function runCommand(argv: readonly string[], { deadlineMs, input }: RunOptions): Promise<Completed> {
  const [program = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
      });
    }
    const end = (code: number, word = ""): void => {
      clearTimeout(timer);
      resolve({ code, stdout: output.stdout, stderr: output.stderr + word });
    };
    let isLate = false;
    const endLate = (): void => end(DEADLINE_EXCEEDED, `${program} did not end within ${deadlineMs} ms\n`);
    const timer = setTimeout(() => {
      isLate = true;
      killGroup(child.pid);
      setTimeout(endLate, CLOSING_PATIENCE);
    }, deadlineMs);
    child.once("error", (error) => end(127, `${error.message}\n`));
    child.once("close", (code, signal) => (isLate ? endLate() : end(code ?? 128 + signalNumber(signal))));
    // It may end without reading its input.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}

/** Ends a process that was started detached, with all that it started. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
