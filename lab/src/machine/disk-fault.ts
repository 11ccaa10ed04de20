import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DiskFault, type DiskFaultScripts, runProgram } from "@goldenring/stand";
import type { MachineFolder } from "../folders.ts";
import { A_MINUTE } from "../task.ts";
import type { StandGroups } from "./groups.ts";

interface MachineDisk {
  readonly name: string;
  readonly folder: MachineFolder;
  readonly groups: StandGroups;
}

export const hasDiskFault = ({ folder }: Pick<MachineDisk, "folder">): boolean => existsSync(folder.diskFault);

const attached = (column: "NAME" | "MAJ:MIN"): string =>
  `losetup --noheadings --output ${column} --associated disk.img | tr -d ' '`;

/**
 * The disk is mounted a second time, in a mount namespace that ends with the script: that also works when no process of the machine is left that
 * has the disk mounted, and the supervisor with its mounts may end before the thaw. Succeeds when the disk was not frozen.
 */
const THAW = `for device in $(${attached("NAME")}); do unshare --mount sh -c 'mount -t ext4 "$0" disk || exit 1; case $(LC_ALL=C fsfreeze --unfreeze disk 2>&1) in *"Invalid argument"*) ;; *) exit 1 ;; esac' "$device" || exit 1; done`;

/** Shell command lines for this computer. Whoever runs the first of them may die: what ends the fault is data, and needs nothing of its memory. */
export function diskFaultScripts({ name, folder, groups }: MachineDisk, fault: DiskFault): DiskFaultScripts {
  const { files, limit } = throttleOf(groups, name);
  const eachFile = (script: string): string => `for file in ${files.join(" ")}; do ${script}; done`;
  const slow = (bytesPerSecond: number): string =>
    `device=$(${attached("MAJ:MIN")}); echo "slow $device" >disk-fault; ${eachFile(`echo "$device ${limit(bytesPerSecond)}" >"$file" && grep -q "^$device " "$file" || exit 1`)}`;
  // The file comes first: by it a power off knows that it must thaw.
  const stall = `echo stall >disk-fault; unshare --mount sh -c 'mount -t ext4 "$0" disk && fsfreeze --freeze disk' "$(${attached("NAME")})"`;
  const canThrottle = eachFile(
    `[ -e "$file" ] || { echo "the kernel cannot throttle its disk: $file is missing" >&2; exit 1; }`,
  );
  const [check, inject] =
    fault.kind === "stall" ? ["command -v fsfreeze >/dev/null", stall] : [canThrottle, slow(fault.bytesPerSecond)];
  const throttled = `{ read -r _ device <disk-fault; } 2>/dev/null && [ -n "$device" ]`;
  const unlimit = eachFile(`[ ! -e "$file" ] || echo "$device ${limit(undefined)}" >"$file" || exit 1`);
  return {
    check: `cd ${folder.folder} || exit 1; [ -n "$(${attached("NAME")})" ] || { echo "it is off" >&2; exit 1; }; ${check}`,
    inject: `cd ${folder.folder} || exit 1; ${inject}`,
    undo: `cd ${folder.folder} 2>/dev/null || exit 0; ( ${THAW} ) || ( ${THAW} ) || exit 1; if ${throttled}; then ${unlimit}; fi; rm -f disk-fault`,
    gone: `cd ${folder.folder} 2>/dev/null || exit 0; [ ! -e disk-fault ] && { ${THAW}; }`,
  };
}

/** Of a machine's disk, both ways. Version 1 knows whose a write is by who flushes it: the machine's processes, or, for the journal, the kernel's own. */
function throttleOf({ version, byController, folders }: StandGroups, name: string) {
  if (version === 2) {
    const limit = (bytes: number | "max" = "max"): string => `rbps=${bytes} wbps=${bytes}`;
    return { files: [join(folders[0] ?? "", name, "io.max")], limit };
  }
  const blkio = byController.get("blkio") ?? "/sys/fs/cgroup/blkio/missing";
  const files = [join(blkio, name), dirname(blkio)].flatMap((folder) =>
    ["write", "read"].map((kind) => join(folder, `blkio.throttle.${kind}_bps_device`)),
  );
  return { files, limit: (bytes = 0): string => String(bytes) };
}

/** Whatever fault it is; nothing happens to a disk without one. */
export async function endDiskFault(machine: MachineDisk): Promise<void> {
  await runProgram(["sh", "-c", diskFaultScripts(machine, { kind: "stall" }).undo], A_MINUTE);
}
