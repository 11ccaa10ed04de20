import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stand } from "@goldenring/stand";
import { deleteRun } from "./weather-rows.ts";

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
    return existsSync(this.#folder) ? readdirSync(this.#folder).sort() : [];
  }
}

/** Deletes what earlier rounds have left in the service. What cannot be deleted now is left to the next time. */
export async function forgetLeftValues(stand: Stand, log: (text: string) => void): Promise<void> {
  for (const values of new LeftValues(stand.folder).list()) {
    const why = await forgetValues(stand, values);
    const fate = why === undefined ? "are deleted" : `stay in the service for now: ${why}`;
    log(`values of an earlier run (${values}) ${fate}`);
  }
}

/** @returns why they stay; undefined: they are deleted */
export async function forgetValues(stand: Stand, values: string): Promise<string | undefined> {
  try {
    await deleteRun(stand, values);
    new LeftValues(stand.folder).remove(values);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
