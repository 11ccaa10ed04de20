import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { runProgram } from "@goldenring/stand";

/** The oldest k6 that runs the scenarios: it takes TypeScript as it is and has what the runner reads. */
const MIN_VERSION = "1.0";
const VERSION_DEADLINE_MS = 15_000;

const HOW_TO_INSTALL = `Install k6 in one of these ways:
  a package or a binary   https://grafana.com/docs/k6/latest/set-up/install-k6/
  with Go                 go install go.k6.io/k6@v1.8.1
and put it into PATH, or set GOLDENRING_K6=/path/to/k6`;

/** Looks where `GOLDENRING_K6` points, then in PATH, then where `go install` puts programs. @throws {CommandError} (k6Missing) with the ways to install it */
export async function findK6(environment: NodeJS.ProcessEnv = process.env) {
  const { GOLDENRING_K6: named, PATH = "", GOBIN = "", GOPATH = "" } = environment;
  const goPath = GOPATH.split(delimiter)[0] || join(homedir(), "go");
  const path = Bun.which(named || "k6", { PATH: [PATH, GOBIN, join(goPath, "bin")].filter(Boolean).join(delimiter) });
  if (path !== null) return withVersion(path);
  if (named) throw missing(`GOLDENRING_K6 is ${named}, which is no program.`);
  throw missing("k6, which makes the load, is not installed on this computer.");
}

async function withVersion(path: string) {
  const { code, stdout } = await runProgram([path, "version"], { deadlineMs: VERSION_DEADLINE_MS });
  if (code !== 0) throw missing(`${path} does not start, or is not k6.`);
  // k6 v1.8.1 (commit/..., go1.26, linux/amd64)
  const version = /^k6(?:\.exe)? v(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1];
  if (version === undefined) throw missing(`${path} is not k6: it prints "${stdout.trim().slice(0, 80)}".`);
  if (Number.parseInt(version, 10) >= Number.parseInt(MIN_VERSION, 10)) return { path, version };
  throw missing(`${path} is k6 ${version}; ${MIN_VERSION} or newer is needed.`);
}

function missing(what: string): CommandError {
  return new CommandError(`${what}\n${HOW_TO_INSTALL}`, "k6Missing");
}
