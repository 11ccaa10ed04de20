import type { DiskFault, StandMachine } from "@goldenring/stand";
import * as z from "zod";
import { faultKind, folderPath, form, type MachineFault, mustHave, mustHold, type Site } from "./fault.ts";
import { unit } from "./units.ts";

/** In the lab a machine has one disk, whatever the path. */
const path = folderPath.default("/var/lib/postgresql");

/** By the host of the machine, which can end it whatever the machine waits for. Undefined: it is a real machine. */
async function byHost(fault: DiskFault, machine: StandMachine, { stand }: Site): Promise<MachineFault | undefined> {
  if (stand.lab === undefined) return undefined;
  const { check, ...scripts } = await stand.lab.diskFault(machine.name, fault);
  await mustHold({ ...stand.operator, name: machine.name }, check, `its disk cannot be ${fault.kind}ed`);
  return { by: "host", slot: `disk-${machine.name}`, ...scripts, mayEndEarly: true };
}

/** What must go on, so that the machine ends the fault itself. */
const SPARED = "/ /run /tmp /var /var/log";

export const diskStall = faultKind({
  form: form("disk-stall", { path }),
  about: "stalls a machine's disk: what writes waits, and nothing fails (fsfreeze)",
  describe: ({ path }) => `the disk of ${path} stalls`,
  async prepare({ path }, machine, site) {
    const hosted = await byHost({ kind: "stall" }, machine, site);
    if (hosted) return hosted;
    await mustHave(machine, "fsfreeze");
    const isApart = `own=$(stat --format=%d ${path}) && for other in ${SPARED}; do [ "$own" != "$(stat --format=%d $other)" ] || exit 1; done`;
    await mustHold(machine, isApart, `${path} has no file system apart from ${SPARED.replaceAll(" ", ", ")}`);
    // Thawing tells whether it was frozen.
    const thaw = `case $(LC_ALL=C fsfreeze --unfreeze ${path} 2>&1) in *"Invalid argument"*) ;; *) exit 1 ;; esac`;
    const [inject, undo] = [`fsfreeze --freeze ${path}`, `( ${thaw} ); :`];
    return { by: "machine", slot: "disk", inject, undo, gone: thaw, mayEndEarly: true };
  },
});

const LIMITS = ["IOReadBandwidthMax", "IOWriteBandwidthMax"];

export const diskSlow = faultKind({
  form: form("disk-slow", {
    path,
    bytesPerSecond: z.int().min(1_024).describe("For reads and writes each"),
    unit: unit.default("patroni").describe("Whose reads and writes; in the lab those of the whole machine"),
  }),
  about: "slows a machine's disk down to some bytes/s, by the kernel's throttle for groups of processes",
  describe: ({ path, bytesPerSecond }) => `the disk of ${path} is slowed down to ${bytesPerSecond} bytes/s`,
  async prepare({ path, bytesPerSecond, unit }, machine, site) {
    const hosted = await byHost({ kind: "slow", bytesPerSecond }, machine, site);
    if (hosted) return hosted;
    await mustHold(machine, `systemctl is-active --quiet ${unit}`, `${unit} does not run there`);
    const canThrottle = "grep -qsw io /sys/fs/cgroup/cgroup.controllers || [ -d /sys/fs/cgroup/blkio ]";
    await mustHold(machine, canThrottle, "its kernel cannot throttle disks (cgroup controller io or blkio)");
    // Of version 2 and of version 1.
    const files = `group=$(systemctl show --property=ControlGroup --value ${unit}); set -- /sys/fs/cgroup$group/io.max /sys/fs/cgroup/blkio$group/blkio.throttle.write_bps_device`;
    const setTo = (value: string): string =>
      `systemctl set-property --runtime ${unit}.service ${LIMITS.map((limit) => `"${limit}=${value}"`).join(" ")}`;
    const dropIns = LIMITS.map((limit) => `/run/systemd/system.control/${unit}.service.d/50-${limit}.conf`).join(" ");
    return {
      by: "machine",
      slot: "disk",
      inject: `${setTo(`${path} ${bytesPerSecond}`)}; ${files}; grep -qs ${bytesPerSecond} "$@"`,
      undo: `${setTo("")}; rm -f ${dropIns}; systemctl daemon-reload`,
      gone: `${files}; ! grep -qsE 'bps=[0-9]|^[0-9]+:[0-9]+ [0-9]' "$@"`,
      mayEndEarly: true,
    };
  },
});
