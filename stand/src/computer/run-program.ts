import { constants } from "node:os";
import { signalPid } from "./process-id.ts";
import { cleanEnvironment, startProgram } from "./start-program.ts";

export interface RunOptions {
  /** Milliseconds after which the program and everything it started are killed; Infinity: never. */
  readonly deadlineMs: number;
  /** Written to its standard input; otherwise that is empty. */
  readonly input?: string;
  /** Its standard input stays open instead: its end shows the program that this process is gone. */
  readonly holdsInput?: boolean;
  /** Ends the program when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** How long an aborted program may take to stop after SIGINT before it is killed. Default: 0, killed at once. */
  readonly stopGraceMs?: number;
  /** Default: a clean one, `cleanEnvironment()`. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Its working directory. Default: `/`. */
  readonly folder?: string;
  /** Called with the process number at once, before the program can have done anything that matters. */
  readonly onStart?: (pid: number) => void;
  /** Called with each complete line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
  /** Take the text of an output as it arrives; it is not kept then. */
  readonly takes?: { readonly [Name in "stdout" | "stderr"]?: (text: string) => void };
}

/** How a program ended. */
export interface Completed {
  /** Exit code as a shell gives it: 127 there is no such program, 124 deadline exceeded, 128 + N ended by signal N. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Exit code of a program that was killed at its deadline, as timeout(1) gives it. */
export const DEADLINE_EXCEEDED = 124;

/** How long the streams of a killed program may stay open: a grandchild may hold them. */
const CLOSING_GRACE_MS = 200;

/**
 * Runs a program on this computer to its end or its deadline, in a process group of its own: the terminal's Ctrl-C does not reach it.
 *
 * Never rejects: whatever goes wrong is an exit code and a message on stderr.
 */
export function runProgram(argv: readonly string[], options: RunOptions): Promise<Completed> {
  const { deadlineMs, input = "", signal, stopGraceMs = 0, environment = cleanEnvironment(), folder = "/" } = options;
  const { onStart, onLine, takes = {}, holdsInput = false } = options;
  const [program = ""] = argv;
  return new Promise((resolve) => {
    const child = startProgram(argv, { cwd: folder, env: environment, detached: true });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      const keep = (text: string): void => {
        output[name] += text;
      };
      child[name].setEncoding("utf8").on("data", takes[name] ?? keep);
    }
    if (child.pid !== undefined) onStart?.(child.pid);
    if (onLine) splitLines(child.stdout, onLine);
    const end = (code: number, message = ""): void => {
      clearTimeout(timer);
      clearTimeout(stopTimer);
      signal?.removeEventListener("abort", stop);
      resolve({ code, stdout: output.stdout, stderr: output.stderr + message });
    };
    let killedAs: number | undefined;
    let stopTimer: NodeJS.Timeout | undefined;
    const endKilled = (code: number): void =>
      end(code, code === DEADLINE_EXCEEDED ? `${program} did not end within ${deadlineMs} ms\n` : "");
    const killWith = (code: number): void => {
      killedAs ??= code;
      killGroup(child.pid);
      setTimeout(endKilled, CLOSING_GRACE_MS, killedAs);
    };
    const stop = (): void => {
      if (stopGraceMs > 0 && child.pid !== undefined) signalPid(-child.pid, "SIGINT");
      stopTimer = setTimeout(killWith, stopGraceMs, 128 + constants.signals.SIGKILL);
    };
    const timer = Number.isFinite(deadlineMs) ? setTimeout(killWith, deadlineMs, DEADLINE_EXCEEDED) : undefined;
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    child.once("error", (error) => end(127, `${error.message}\n`));
    child.once("close", (code, by) =>
      killedAs === undefined ? end(code ?? 128 + constants.signals[by ?? "SIGKILL"]) : endKilled(killedAs),
    );
    // It may end without reading its input.
    child.stdin.on("error", () => {});
    if (!holdsInput) child.stdin.end(input);
  });
}

/** A program did not end with 0; the message has its command line and the end of its output. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
}

/** @throws {ProgramFailed} unless it ends with 0 */
export async function runOrThrow(argv: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await runProgram(argv, options);
  options.signal?.throwIfAborted();
  if (code === 0) return stdout;
  const output = lastLines(stderr.trim() === "" ? stdout : stderr, 5);
  throw new ProgramFailed(
    `\`${argv.slice(0, 12).join(" ")}\` failed (exit code ${code})${output ? `:\n${output}` : ""}`,
  );
}

export function lastLines(text: string, count: number): string {
  return text.trim().split("\n").slice(-count).join("\n");
}

/** Ends a process that was started detached, with everything that it started. */
export function killGroup(pid: number | undefined): void {
  if (pid !== undefined) signalPid(-pid, "SIGKILL");
}

function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = "";
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
}
