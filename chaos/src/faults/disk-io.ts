import * as z from "zod";
import { MARK } from "../undo/guard.ts";
import { type FaultKind, mustHave } from "./fault.ts";
import { on } from "./forms.ts";
import { stress } from "./stress.ts";

const form = z.object({
  fault: z.literal("disk-io"),
  on,
  /** On the file system of this folder. */
  path: z
    .string()
    .regex(/^\/[A-Za-z0-9/._-]*$/, "is no absolute path")
    .default("/var/lib"),
  /** Processes that write and flush all the time. */
  writers: z.int().min(1).max(64).default(4),
});

/** The disk is written to and flushed without a pause: whatever else wants it waits. */
export const diskIo: FaultKind<typeof form> = {
  form,
  about: "writes to a machine's disk and flushes it without a pause (stress-ng)",
  words: ({ path, writers }) => `${writers} processes write to the disk of ${path} and flush it`,
  async prepare({ path, writers }, machine) {
    await mustHave(machine, "stress-ng");
    const folder = `${path.replace(/\/$/, "")}/.${MARK}-io`;
    return stress("disk-io", `--hdd ${writers} --hdd-bytes 64m --hdd-opts fdatasync --temp-path ${folder}`, {
      before: `mkdir -p ${folder}`,
      after: `rm -rf ${folder}`,
    });
  },
};
