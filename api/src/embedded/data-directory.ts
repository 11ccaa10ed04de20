import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { postgresEnvironment } from "./postgres-environment.ts";
import { endWithParent, type RunAs } from "./run-as.ts";
import { runToEnd } from "./run-to-end.ts";
import { waitUntil } from "./wait-until.ts";

/** Milliseconds. */
const REMOVAL_PATIENCE = 10_000;

interface NewDataDirectory {
  readonly initdb: string;
  readonly runAs: RunAs;
  /** Where the directory is to be. */
  readonly directory: string;
  readonly superuserPasswordFile: string;
  /** Further options for initdb. */
  readonly options: readonly string[];
}

export function isDataDirectory(directory: string): boolean {
  return existsSync(join(directory, "PG_VERSION"));
}

/**
 * Creates a data directory: UTF-8 with the same order of texts on every system, data checksums, and a password for
 * every login. It is made under another name and renamed at the end, so what exists under its name is always complete.
 *
 * @throws EmbeddedDatabaseError with initdb's output
 */
export async function createDataDirectory({
  initdb,
  runAs,
  directory,
  superuserPasswordFile,
  options,
}: NewDataDirectory): Promise<void> {
  await removeUnfinished(directory);
  const unfinished = `${directory}.unfinished-${crypto.randomUUID()}`;
  const [program = initdb, ...args] = [
    ...runAs.prefix,
    ...(await endWithParent("KILL")),
    initdb,
    `--pgdata=${unfinished}`,
    "--username=postgres",
    `--pwfile=${superuserPasswordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
    ...options,
  ];
  const { code, output } = await runToEnd([program, ...args], postgresEnvironment());
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new EmbeddedDatabaseError(`PostgreSQL could not create its data directory ${directory}:\n${output.trim()}`);
  }
  renameSync(unfinished, directory);
}

/**
 * What a start that was killed in the middle of initdb has left. The server that such an initdb ran for its first tables
 * may go on for a moment and write new files into the folder.
 *
 * @throws EmbeddedDatabaseError when it cannot be removed
 */
async function removeUnfinished(directory: string): Promise<void> {
  const parent = dirname(directory);
  const prefix = `${basename(directory)}.unfinished-`;
  for (const name of readdirSync(parent).filter((each) => each.startsWith(prefix))) {
    const path = join(parent, name);
    if (await waitUntil(() => isRemoved(path), REMOVAL_PATIENCE)) continue;
    throw new EmbeddedDatabaseError(
      `An earlier start was killed and left ${path}, which cannot be removed.\nRemove that folder and start again.`,
    );
  }
}

function isRemoved(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    return false;
  }
  return !existsSync(path);
}
