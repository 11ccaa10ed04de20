import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { replaceFile, runOrThrow } from "@goldenring/stand";
import type { Entry } from "./tar.ts";

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "goldenring", "image");
const A_MINUTE_MS = 60_000;

interface Checksum {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

/**
 * A file that was downloaded before, or is now.
 *
 * @throws {CommandError} where it cannot be had, or is another one
 */
export async function readDownload(name: string, sum: Checksum, download: () => Promise<Buffer>): Promise<Buffer> {
  const isRight = (bytes: Buffer): boolean => createHash(sum.algorithm).update(bytes).digest("hex") === sum.hex;
  const file = join(CACHE, name);
  const kept = existsSync(file) ? readFileSync(file) : undefined;
  if (kept !== undefined && isRight(kept)) return kept;
  const bytes = await download().catch((error: Error) => {
    throw new CommandError(`${name} cannot be downloaded:\n${error.message}`);
  });
  if (!isRight(bytes)) throw new CommandError(`${name}: what was downloaded has another checksum than the pinned one`);
  mkdirSync(CACHE, { recursive: true });
  replaceFile(file, bytes);
  return bytes;
}

/** A package of npm as npm itself gets it, from the user's registry. */
export function readNpmPackage({ name, version, sha512 = "" }: { name: string; version: string; sha512?: string }) {
  const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
  return readDownload(file, { algorithm: "sha512", hex: sha512 }, () =>
    inScratch(async (folder) => {
      const argv = ["npm", "pack", "--silent", `--pack-destination=${folder}`, `${name}@${version}`];
      // The registry and its login may be there.
      await runOrThrow(argv, { deadlineMs: 5 * A_MINUTE_MS, folder, environment: process.env });
      return readFileSync(join(folder, file));
    }),
  );
}

/** The files and links of an archive, in gzip or xz, under the paths that `place` gives them; undefined leaves one out. */
export function filesOf(archive: Buffer, place: (path: string) => string | undefined): Promise<Entry[]> {
  return inScratch(async (folder) => {
    const file = join(folder, "archive");
    replaceFile(file, archive);
    const files = join(folder, "files");
    mkdirSync(files);
    await runOrThrow(["tar", "--no-same-owner", "-xf", file, "-C", files], { deadlineMs: A_MINUTE_MS });
    return readdirSync(files, { recursive: true, withFileTypes: true }).flatMap((found): Entry[] => {
      const source = join(found.parentPath, found.name);
      const path = found.isDirectory() ? undefined : place(source.slice(files.length + 1));
      if (path === undefined) return [];
      if (found.isSymbolicLink()) return [{ path, link: readlinkSync(source) }];
      return [{ path, content: readFileSync(source), isExecutable: (statSync(source).mode & 0o100) !== 0 }];
    });
  });
}

async function inScratch<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-image-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
