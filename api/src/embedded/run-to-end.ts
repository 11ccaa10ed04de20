import { spawn } from "node:child_process";

export interface Ended {
  /** Exit code; 127 when the command doesn't exist, 128 when a signal ended it. */
  readonly code: number;
  /** Standard output and error, as they came. */
  readonly output: string;
}

/**
 * Runs a short command to its end, in the root folder (the current one may be closed to the account it runs under) and out of
 * reach of the terminal's Ctrl-C.
 *
 * Never rejects: a command that doesn't exist is an exit code like any other failure.
 */
export function runToEnd(
  command: readonly [string, ...string[]],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  const [program, ...args] = command;
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(program, args, {
      cwd: "/",
      detached: true,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const collect = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 128, output }));
  });
}
