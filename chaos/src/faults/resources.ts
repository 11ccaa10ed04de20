import * as z from "zod";
import { FILE_MARK, faultKind, folderPath, form, type MachineFault, mustHave, mustHold, percent } from "./fault.ts";

/** Longer than any fault lasts; its undo or its guard ends it. */
const MAX_S = 3_600;

/** A program as a transient service. @param before a shell line that sets what the command uses */
export function transientLoad(slot: string, command: string, { before = ":", after = ":" } = {}): MachineFault {
  const unit = `${FILE_MARK}-${slot}-load`;
  // The first to go when memory gets short.
  const properties = `--property=RuntimeMaxSec=${MAX_S} --property=OOMScoreAdjust=1000`;
  return {
    by: "machine",
    slot,
    inject: `${before}; systemd-run --quiet --collect --unit=${unit} ${properties} ${command}`,
    undo: `systemctl stop ${unit} 2>/dev/null; systemctl reset-failed ${unit} 2>/dev/null; ${after}`,
    gone: `! systemctl is-active --quiet ${unit}`,
  };
}

// Whatever its task, stress-ng takes memory as large as the CPU's cache: half a gigabyte on some computers.
const stress = (slot: string, argumentsOfStress: string, scripts = {}): MachineFault =>
  transientLoad(slot, `stress-ng --cache-size 64K ${argumentsOfStress} --timeout ${MAX_S}s`, scripts);

export const cpu = faultKind({
  form: form("cpu", { percent }),
  about: "keeps every CPU of a machine busy (stress-ng)",
  describe: ({ percent }) => `its CPUs are ${percent} % busy`,
  async prepare({ percent }, machine) {
    await mustHave(machine, "stress-ng");
    return stress("cpu", `--cpu "$(nproc)" --cpu-load ${percent}`);
  },
});

export const memory = faultKind({
  form: form("memory", {
    percent: percent
      .max(95, "more than 95 % calls the kernel's OOM killer")
      .describe("How much of it is in use then, what was before included"),
  }),
  about: "uses a machine's memory up to a percentage, and holds it (stress-ng)",
  describe: ({ percent }) => `${percent} % of its memory is in use`,
  async prepare({ percent }, machine) {
    await mustHave(machine, "stress-ng");
    const figures = `set -- $(awk '/^MemTotal:/ { total = $2 } /^MemAvailable:/ { free = $2 } END { print total, free }' /proc/meminfo); fill=$(($2 - $1 * ${100 - percent} / 100))`;
    await mustHold(machine, `${figures}; [ "$fill" -gt 0 ]`, `${percent} % of its memory is in use already`);
    return stress("memory", '--vm 1 --vm-bytes "$fill"k --vm-keep --vm-populate --vm-hang 0', { before: figures });
  },
});

const path = folderPath.default("/var/lib");

/** Whatever else needs the disk waits. */
export const diskIo = faultKind({
  form: form("disk-io", {
    path,
    writers: z.int().min(1).max(64).default(4).describe("Processes that write and flush all the time"),
  }),
  about: "writes to a machine's disk and flushes it, all the time (stress-ng)",
  describe: ({ path, writers }) => `${writers} processes write to the disk of ${path} and flush it`,
  async prepare({ path, writers }, machine) {
    await mustHave(machine, "stress-ng");
    const folder = `${path.replace(/\/$/, "")}/.${FILE_MARK}-io`;
    return stress("disk-io", `--hdd ${writers} --hdd-bytes 64m --hdd-opts fdatasync --temp-path ${folder}`, {
      before: `mkdir -p ${folder}`,
      after: `rm -rf ${folder}`,
    });
  },
});

/**
 * A file takes the free space of a file system, as far as services may use it: what is reserved for root stays. It survives a boot of the machine,
 * and is then removed by the undo only.
 */
export const diskFill = faultKind({
  form: form("disk-fill", {
    path,
    fill: z
      .union([z.object({ percent }), z.object({ mib: z.int().min(1).max(1_000_000) })])
      .describe("How full, or how much to take: one of them"),
  }),
  about: "fills a machine's disk: up to a percentage, or with a number of MiB",
  describe: ({ path, fill }) =>
    "percent" in fill
      ? `the disk of ${path} is ${fill.percent} % full`
      : `${fill.mib} MiB of the disk of ${path} are taken`,
  async prepare({ path, fill }, machine) {
    const file = `${path.replace(/\/$/, "")}/.${FILE_MARK}-fill`;
    const figures = `set -- $(df --block-size=1 --output=used,avail ${path} | tail -n 1); ${bytesOf(fill)}`;
    await mustHold(machine, `[ -d ${path} ]`, `there is no folder ${path}`);
    await mustHold(machine, `${figures}; [ "$fill" -gt 0 ]`, `its disk is as full already`);
    await mustHold(machine, `${figures}; [ "$fill" -le "$2" ]`, `its disk has not so much free space`);
    return {
      by: "machine",
      slot: "disk-fill",
      // When the space does not suffice, because another program took some of it, fallocate keeps what it got: only the rest is written.
      inject: `${figures}; fallocate --length "$fill" ${file} 2>/dev/null || head -c "$((fill - $(stat --format=%s ${file} 2>/dev/null || echo 0)))" /dev/zero >>${file}; [ -s ${file} ]`,
      undo: `rm -f ${file}`,
      gone: `[ ! -e ${file} ]`,
    };
  },
});

/** Sets `fill`, where $1 bytes are in use and $2 may still be taken. */
function bytesOf(fill: { percent: number } | { mib: number }): string {
  if ("mib" in fill) return `fill=$((${fill.mib} * 1048576))`;
  return `fill=$((($1 + $2) * ${fill.percent} / 100 - $1))`;
}
