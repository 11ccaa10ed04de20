import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { type Ended, runToEnd } from "./run-to-end.ts";

/** How to start PostgreSQL, which refuses to run with the user id 0. */
export interface RunAs {
  /** The command that goes in front of PostgreSQL's. */
  readonly prefix: readonly string[];
  /** Who must own its files, as seen from here; undefined: whoever creates them. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Chooses how to run `program` on files in `folder`.
 *
 * An ordinary user runs it directly. Root runs it as the user who owns the place (a checkout used with sudo, a folder mounted into a
 * container), so that its files stay that user's. Where that is root too, it gets a user namespace of its own: inside the
 * id is not 0, outside the files stay root's, so neither an account nor a folder open to others is needed. Some
 * containers forbid user namespaces; there it runs under an existing account that can reach the program and the folder.
 */
export async function chooseRunAs(program: string, folder: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) return requireWorking({ prefix: [], owner: undefined }, program);

  const accounts = readAccounts();
  const refusals: string[] = [];
  for (const candidate of [...ownerOf(dirname(folder)), inUserNamespace(accounts), ...serviceAccounts(accounts)]) {
    const refusal = await refusalOf(candidate, program, folder);
    if (refusal === undefined) return candidate;
    refusals.push(`  ${candidate.prefix.join(" ")}: ${refusal.output.trim() || `exit code ${refusal.code}`}`);
  }
  throw new EmbeddedDatabaseError(
    "PostgreSQL cannot run as root, and every way to run it as somebody else failed:\n" +
      `${refusals.join("\n")}\n` +
      "Run npm start as an ordinary user, or move this checkout to a folder that the account nobody may enter (such as /srv), " +
      "or set DATABASE_URL to a PostgreSQL of your own.",
  );
}

/** Files of unmapped ids show as 65534 inside, so that id is the last choice; initdb needs an id that has a name. */
function inUserNamespace(accounts: readonly Account[]): RunAs {
  const inside = accounts.find(({ uid }) => uid !== 0 && uid !== 65534) ?? { uid: 65534, gid: 65534 };
  return {
    prefix: ["unshare", "--user", `--map-user=${inside.uid}`, `--map-group=${inside.gid}`, "--"],
    owner: { uid: 0, gid: 0 },
  };
}

function underAccount({ uid, gid }: Pick<Account, "uid" | "gid">): RunAs {
  return {
    prefix: ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"],
    owner: { uid, gid },
  };
}

/** The accounts of /etc/passwd; empty where there is no such file. */
function readAccounts(): Account[] {
  let text: string;
  try {
    text = readFileSync("/etc/passwd", "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

function ownerOf(place: string): RunAs[] {
  const { uid, gid } = statSync(place);
  return uid === 0 ? [] : [underAccount({ uid, gid })];
}

function serviceAccounts(accounts: readonly Account[]): RunAs[] {
  return ["postgres", "nobody"]
    .flatMap((name) => accounts.filter((account) => account.name === name))
    .map(underAccount);
}

async function refusalOf(candidate: RunAs, program: string, folder: string): Promise<Ended | undefined> {
  for (const attempt of [
    [program, "--version"],
    ["test", "-x", dirname(folder)],
  ]) {
    const [first = "", ...rest] = [...candidate.prefix, ...attempt];
    const ended = await runToEnd([first, ...rest]);
    if (ended.code !== 0) return ended;
  }
  return undefined;
}

async function requireWorking(runAs: RunAs, program: string): Promise<RunAs> {
  const { code, output } = await runToEnd([program, "--version"]);
  if (code === 0) return runAs;
  throw new EmbeddedDatabaseError(
    `The embedded PostgreSQL does not run on this system: ${output.trim() || `exit code ${code}`}\n` +
      "It needs a system with the GNU C library (not Alpine) or macOS, and a complete installation: remove the folder " +
      "node_modules and run npm start again, or set DATABASE_URL to a PostgreSQL of your own.",
  );
}

let deathSignalWorks: Promise<boolean> | undefined;

/**
 * The prefix that makes the kernel send `signal` to the program when this process dies, however it dies. Empty where the
 * system has no such thing (macOS); then the next start stops what was left behind.
 */
export async function endWithParent(signal: "INT" | "KILL"): Promise<readonly string[]> {
  deathSignalWorks ??= runToEnd(["setpriv", "--pdeathsig", "INT", "--", "true"]).then(({ code }) => code === 0);
  return (await deathSignalWorks) ? ["setpriv", "--pdeathsig", signal, "--"] : [];
}
