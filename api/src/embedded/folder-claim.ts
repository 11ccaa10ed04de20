import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processName } from "./processes.ts";
import { writeFileWhole } from "./write-file-whole.ts";

interface Claim {
  readonly pid: number;
  /** See `processName`: tells the claimant from a later process with the same id. */
  readonly processName: string;
  readonly settled: boolean;
}

/** Milliseconds. A process that has just been killed still shows for a moment. */
const SETTLED_PATIENCE = 300;
const UNSETTLED_PATIENCE = 5_000;

export type ClaimResult =
  | { readonly claimed: true; readonly release: () => void }
  | { readonly claimed: false; readonly by: number };

/**
 * Claims a folder for this process, so that two never use it at once. A claim dies with its process: nothing has to be
 * cleaned up after a crash, a SIGKILL or a power loss.
 *
 * Every claimant announces itself in a file of its own and only then looks for others. Of two that come at the same
 * moment at least the later one sees the other, so both can never win; when each sees the other, both withdraw and try
 * again after a random pause. No file is ever taken over, which is where lock files usually go wrong.
 *
 * It protects against processes of the same machine (and process id namespace).
 */
export async function claimFolder(folder: string): Promise<ClaimResult> {
  const claims = join(folder, "claims");
  mkdirSync(claims, { recursive: true, mode: 0o700 });
  const ownName = `${process.pid}-${crypto.randomUUID()}.json`;
  const ownFile = join(claims, ownName);
  const own = { pid: process.pid, processName: processName(process.pid) ?? "" };
  const release = (): void => rmSync(ownFile, { force: true });

  const started = performance.now();
  for (;;) {
    writeFileWhole(ownFile, JSON.stringify({ ...own, settled: false } satisfies Claim));
    const rivals = livingClaims(claims).filter(({ name }) => name !== ownName);
    const rival = rivals.find(({ claim }) => claim.settled) ?? rivals[0];
    if (rival === undefined) {
      writeFileWhole(ownFile, JSON.stringify({ ...own, settled: true } satisfies Claim));
      return { claimed: true, release };
    }
    release();
    const patience = rival.claim.settled ? SETTLED_PATIENCE : UNSETTLED_PATIENCE;
    if (performance.now() - started > patience) return { claimed: false, by: rival.claim.pid };
    await delay(20 + Math.random() * 100);
  }
}

function livingClaims(claims: string): { readonly name: string; readonly claim: Claim }[] {
  return readdirSync(claims)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const file = join(claims, name);
      const claim = readClaim(file);
      if (claim === undefined) return [];
      if (processName(claim.pid) === claim.processName) return [{ name, claim }];
      rmSync(file, { force: true });
      return [];
    });
}

/** Undefined when it was withdrawn between the listing and the reading. */
function readClaim(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Claim;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
