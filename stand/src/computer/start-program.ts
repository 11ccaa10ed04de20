import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  type SpawnOptionsWithoutStdio,
  spawn,
} from "node:child_process";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url)).slice(0, -1);

/**
 * What programs need of an environment. Others make programs run code (`PYTHONPATH`, `BASH_ENV`, `BUN_OPTIONS`), change what they do (`PGHOST`,
 * `ANSIBLE_...`, `GOFLAGS`), or are secrets of the user.
 */
const PASSED_ON = new RegExp(
  `^(?:${[
    ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_\\w+", "SUDO_(?:USER|UID|GID)", "SSH_AUTH_SOCK"],
    ...["TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE", "LC_\\w+", "TZ"],
    ...[
      "(?:http|https|no|all)_proxy",
      "SSL_CERT_(?:FILE|DIR)",
      "NODE_EXTRA_CA_CERTS",
      "REQUESTS_CA_BUNDLE",
      "PIP_\\w+",
    ],
    ...["ANSIBLE_VAULT_\\w+", "RING_\\w+", "GOLDENRING_\\w+"],
  ].join("|")})$`,
  "i",
);

/**
 * The variables that programs get. PATH has no relative folders: those would be of whatever folder a program runs in. At level 1, bash
 * does not take its input, which is a socket, for that of a login by ssh, for which it runs ~/.bashrc.
 */
export function cleanEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const passed = Object.fromEntries(Object.entries(environment).filter(([name]) => PASSED_ON.test(name)));
  passed.SHLVL = "1";
  const { PATH } = passed;
  return PATH === undefined ? passed : { ...passed, PATH: PATH.split(":").filter(isAbsolute).join(":") };
}

/** Argv of a program of this repository. Without the options Bun takes settings, variables and packages from the current folder. */
export function bunProgram(...words: readonly string[]): string[] {
  const settings = [`--config=${join(CHECKOUT, "stand/bunfig.toml")}`, `--tsconfig-override=${CHECKOUT}/tsconfig.json`];
  return [process.execPath, "--no-install", "--no-env-file", ...settings, ...words];
}

/** Starts a program in a folder that only root can write to, with a clean environment. All programs start here. */
export function startProgram(
  argv: readonly string[],
  options?: SpawnOptionsWithoutStdio & { readonly stdio?: "pipe" },
): ChildProcessWithoutNullStreams;
export function startProgram(argv: readonly string[], options: SpawnOptions): ChildProcess;
export function startProgram([program = "", ...args]: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(program, args, { cwd: "/", env: cleanEnvironment(), ...options });
}
