import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";
import { LabCall } from "../faults/lab-call.ts";

const Undo = z.discriminatedUnion("by", [
  z.object({ by: z.literal("lab"), call: LabCall }),
  /** The script also says whether anything is left. */
  z.object({ by: z.literal("machine"), script: z.string() }),
]);

/** A fault that may be in force, with the way to undo it. */
export const OpenFault = z.object({
  version: z.literal(1),
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** Of the experiment's run. */
  run: z.string(),
  kind: z.string(),
  machine: z.string(),
  slot: z.string(),
  /** For people. */
  words: z.string(),
  /** ISO 8601, UTC. */
  writtenAt: z.string(),
  undo: Undo,
});
export type OpenFault = z.infer<typeof OpenFault>;

/**
 * The faults of a stand that may be in force: one file each, from before the injection until the undo is verified. Written to the disk itself,
 * so that neither a kill of this process nor a loss of this computer's power loses one.
 */
export class OpenFaults {
  readonly #folder: string;

  /** @param standFolder made where it is missing */
  constructor(standFolder: string) {
    this.#folder = join(standFolder, "chaos", "open");
  }

  /** Returns when it is on the disk. */
  write(fault: OpenFault): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#fileOf(fault.id);
    const next = `${file}.new`;
    const descriptor = openSync(next, "w", 0o600);
    try {
      const bytes = Buffer.from(`${JSON.stringify(fault, null, 2)}\n`);
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, file);
    this.#sync();
  }

  /** Nothing happens where there is none of this id. */
  remove(id: string): void {
    rmSync(this.#fileOf(id), { force: true });
    this.#sync();
  }

  /**
   * Oldest first.
   *
   * @throws {CommandError} (not-undone) where a file is none of this version: nothing is known to be undone then
   */
  list(): readonly OpenFault[] {
    return this.#names()
      .map((name) => this.#read(name))
      .sort((one, other) => one.writtenAt.localeCompare(other.writtenAt) || one.id.localeCompare(other.id));
  }

  #read(name: string): OpenFault {
    const file = join(this.#folder, name);
    const text = readFileSync(file, "utf8");
    try {
      return OpenFault.parse(JSON.parse(text));
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      throw new CommandError(
        `${file} cannot be understood: undo by hand what it says, then delete it.\n${why}`,
        "notUndone",
      );
    }
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#folder).filter((name) => name.endsWith(".json"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  /** The names in the folder, too, must be on the disk. */
  #sync(): void {
    const descriptor = openSync(this.#folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** The faults that an experiment has left open on a stand: whoever wants the stand whole asks first. */
export function openFaults(
  standFolder: string,
): readonly Pick<OpenFault, "run" | "kind" | "machine" | "words" | "writtenAt">[] {
  return new OpenFaults(standFolder).list();
}
