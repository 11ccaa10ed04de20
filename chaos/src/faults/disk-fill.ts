import { shellQuote } from "@goldenring/stand";
import * as z from "zod";
import { type FaultKind, FILE_MARK, mustHold, on, percent } from "./fault.ts";

const form = z.object({
  fault: z.literal("disk-fill"),
  on,
  /** On the file system of this folder. */
  path: z.string().startsWith("/").default("/var/lib"),
  /** How full, or how much to take: one of them. */
  fill: z.union([z.object({ percent }), z.object({ mib: z.int().min(1).max(1_000_000) })]),
});
type DiskFill = z.infer<typeof form>;

/**
 * A file takes the free space of a file system, as far as services may use it: what is reserved for root stays. It survives a boot of the machine,
 * and is then removed by the undo only.
 */
export const diskFill: FaultKind<typeof form> = {
  form,
  about: "fills a machine's disk up to a percentage, or by some MiB",
  describe: ({ path, fill }) =>
    "percent" in fill
      ? `the disk of ${path} is ${fill.percent} % full`
      : `${fill.mib} MiB of the disk of ${path} are taken`,
  async prepare({ path, fill }, machine) {
    const file = shellQuote(`${path.replace(/\/$/, "")}/.${FILE_MARK}-fill`);
    const figures = `set -- $(df --block-size=1 --output=used,avail ${shellQuote(path)} | tail -n 1); ${bytesOf(fill)}`;
    await mustHold(machine, `[ -d ${shellQuote(path)} ]`, `there is no folder ${path}`);
    await mustHold(machine, `${figures}; [ "$fill" -gt 0 ]`, `its disk is as full already`);
    await mustHold(machine, `${figures}; [ "$fill" -le "$2" ]`, `its disk has not so much free space`);
    return {
      by: "machine",
      slot: "disk-fill",
      // Somebody else may take some of the space in between: what is left of it is filled then.
      inject: `${figures}; fallocate --length "$fill" ${file} 2>/dev/null || head -c "$fill" /dev/zero >${file}; [ -s ${file} ]`,
      undo: `rm -f ${file}`,
      gone: `[ ! -e ${file} ]`,
    };
  },
};

/** Sets `fill`, where $1 bytes are in use and $2 may still be taken. */
function bytesOf(fill: DiskFill["fill"]): string {
  if ("mib" in fill) return `fill=$((${fill.mib} * 1048576))`;
  return `fill=$((($1 + $2) * ${fill.percent} / 100 - $1))`;
}
