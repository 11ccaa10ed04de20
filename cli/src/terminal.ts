import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a program with this terminal, as if the user had started it: Ctrl-C goes to it, and its exit code comes back.
 * The caller handles SIGINT (ring's interruption does) so that ring itself outlives it.
 */
export function runInTerminal([program = "", ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    const passOn = (): void => void child.kill("SIGTERM");
    process.on("SIGTERM", passOn);
    process.on("SIGHUP", passOn);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("SIGTERM", passOn);
      process.off("SIGHUP", passOn);
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}
