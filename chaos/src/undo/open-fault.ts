import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { ifMissing, replaceFile, syncFolder } from "@goldenring/stand";
import * as z from "zod";
import { LabCall } from "../faults/lab-call.ts";

const Undo = z.discriminatedUnion("by", [
  z.object({ by: z.literal("lab"), call: LabCall }),
  /** The script also says whether anything is left. */
  z.object({ by: z.enum(["machine", "host"]), at: z.string().optional(), script: z.string() }),
]);

/** A fault that may be active, with the way to undo it. */
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
 * The faults of a stand that may be active: one file each, from before the injection until the undo is verified. Durable,
 * so that neither a kill of this process nor a loss of this computer's power loses one.
 *
 * @param standFolder made where it is missing
 */
export function openFaults(standFolder: string) {
  const folder = join(standFolder, "chaos", "open");
  const fileOf = (id: string): string => join(folder, `${id}.json`);
  return {
    /** Returns when it is on the disk. */
    write(fault: OpenFault): void {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      replaceFile(fileOf(fault.id), `${JSON.stringify(fault, null, 2)}\n`, { mode: 0o600, durable: true });
    },
    /** Nothing happens where there is none of this id. */
    remove(id: string): void {
      rmSync(fileOf(id), { force: true });
      syncFolder(folder);
    },
    /** Oldest first. @throws {CommandError} (not-undone) where a file is none of this version: nothing is known to be undone then */
    list: (): readonly OpenFault[] =>
      ifMissing([], () => readdirSync(folder))
        .filter((name) => name.endsWith(".json"))
        .map((name) => readOpenFault(join(folder, name)))
        .sort((one, other) => one.writtenAt.localeCompare(other.writtenAt) || one.id.localeCompare(other.id)),
  };
}
export type OpenFaults = ReturnType<typeof openFaults>;

function readOpenFault(file: string): OpenFault {
  const text = readFileSync(file, "utf8");
  try {
    return OpenFault.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new CommandError(
      `${file} cannot be read: undo the fault by hand as the file describes, then delete it.\n${why}`,
      "notUndone",
    );
  }
}
