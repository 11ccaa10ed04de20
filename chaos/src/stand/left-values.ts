import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stand } from "./stand.ts";
import { forgetRun } from "./stored.ts";

/**
 * The rounds whose values are in the service of a stand: one empty file each, from before the first value until the values are deleted, or stay
 * for good as evidence. So those of a run that was killed are found by the next one.
 */
export class LeftValues {
  readonly #folder: string;

  /** @param standFolder made where it is missing */
  constructor(standFolder: string) {
    this.#folder = join(standFolder, "chaos", "values");
  }

  /** @param values the name that a round gave its values */
  add(values: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#folder, values), "", { mode: 0o600 });
  }

  remove(values: string): void {
    rmSync(join(this.#folder, values), { force: true });
  }

  list(): readonly string[] {
    try {
      return readdirSync(this.#folder).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }
}

/** Deletes what earlier rounds have left in the service. What cannot be deleted now is left to the next time. */
export async function forgetLeftValues(stand: Stand, say: (text: string) => void): Promise<void> {
  const left = new LeftValues(stand.folder);
  for (const values of left.list()) {
    try {
      await forgetRun(stand, values);
      left.remove(values);
      say(`values of an earlier run (${values}) are deleted`);
    } catch (error) {
      say(
        `values of an earlier run (${values}) stay in the service for now: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
