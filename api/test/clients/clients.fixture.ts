import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isGiven } from "../../../skips.fixture.ts";

/** The sources of the clients, and what installs the programs that they need. */
export const SOURCES = import.meta.dirname;
const INSTALL = join(SOURCES, "install.sh");

/** Where `install.sh` puts the foreign clients and the generators. */
export const INSTALLED = execFileSync("bash", [INSTALL, "--where"], { encoding: "utf8" }).trim();

/** Whether they are installed. */
export function hasForeignClients(): boolean {
  return isGiven("foreign clients (api/test/clients/install.sh)", existsSync(join(INSTALLED, "complete")));
}

/** Runs a program with the installed ones on its PATH; returns what it printed. Throws with its errors if it fails. */
export function run(
  command: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const [program = "", ...rest] = command;
  const folders = ["bin", "python/bin", "npm/node_modules/.bin"].map((folder) => join(INSTALLED, folder));
  const child = spawn(program, rest, {
    cwd: options.cwd ?? SOURCES,
    env: { ...process.env, PATH: [...folders, process.env.PATH].join(":"), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [printed, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(printed);
      else
        reject(new Error(`${command.join(" ")} ended with ${code}: ${printed.slice(-2_000)}${errors.slice(-2_000)}`));
    });
  });
}
