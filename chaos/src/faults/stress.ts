import * as z from "zod";
import { type FaultKind, FILE_MARK, type MachineFault, mustHave, mustHold, on, percent } from "./fault.ts";

/** Longer than any fault lasts; its undo or its guard ends it. */
const MAX_S = 3_600;

/**
 * A load by stress-ng as a transient service.
 *
 * @param before a shell line that sets what the arguments use
 */
function stress(slot: string, argumentsOfStress: string, { before = ":", after = ":" } = {}): MachineFault {
  const unit = `${FILE_MARK}-${slot}-load`;
  // The first to go when memory gets short.
  const properties = `--property=RuntimeMaxSec=${MAX_S} --property=OOMScoreAdjust=1000`;
  return {
    by: "machine",
    slot,
    // Whatever its task, stress-ng takes memory as large as the CPU's cache: half a gigabyte on some computers.
    inject: `${before}; systemd-run --quiet --collect --unit=${unit} ${properties} stress-ng --cache-size 64K ${argumentsOfStress} --timeout ${MAX_S}s`,
    undo: `systemctl stop ${unit} 2>/dev/null; systemctl reset-failed ${unit} 2>/dev/null; ${after}`,
    gone: `! systemctl is-active --quiet ${unit}`,
  };
}

const cpuForm = z.object({ fault: z.literal("cpu"), on, percent });

export const cpu: FaultKind<typeof cpuForm> = {
  form: cpuForm,
  about: "keeps every CPU of a machine busy (stress-ng)",
  describe: ({ percent }) => `its CPUs are ${percent} % busy`,
  async prepare({ percent }, machine) {
    await mustHave(machine, "stress-ng");
    return stress("cpu", `--cpu "$(nproc)" --cpu-load ${percent}`);
  },
};

const memoryForm = z.object({
  fault: z.literal("memory"),
  on,
  /** How much of it is in use then, what was before included. */
  percent: percent.max(95, "more than 95 % calls the kernel's OOM killer"),
});

export const memory: FaultKind<typeof memoryForm> = {
  form: memoryForm,
  about: "takes memory of a machine until so much is in use, and holds it (stress-ng)",
  describe: ({ percent }) => `${percent} % of its memory is in use`,
  async prepare({ percent }, machine) {
    await mustHave(machine, "stress-ng");
    const figures = `set -- $(awk '/^MemTotal:/ { total = $2 } /^MemAvailable:/ { free = $2 } END { print total, free }' /proc/meminfo); fill=$(($2 - $1 * ${100 - percent} / 100))`;
    await mustHold(machine, `${figures}; [ "$fill" -gt 0 ]`, `${percent} % of its memory is in use already`);
    return stress("memory", '--vm 1 --vm-bytes "$fill"k --vm-keep --vm-populate --vm-hang 0', { before: figures });
  },
};

const diskIoForm = z.object({
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

/** Whatever else needs the disk waits. */
export const diskIo: FaultKind<typeof diskIoForm> = {
  form: diskIoForm,
  about: "writes to a machine's disk and flushes it without a pause (stress-ng)",
  describe: ({ path, writers }) => `${writers} processes write to the disk of ${path} and flush it`,
  async prepare({ path, writers }, machine) {
    await mustHave(machine, "stress-ng");
    const folder = `${path.replace(/\/$/, "")}/.${FILE_MARK}-io`;
    return stress("disk-io", `--hdd ${writers} --hdd-bytes 64m --hdd-opts fdatasync --temp-path ${folder}`, {
      before: `mkdir -p ${folder}`,
      after: `rm -rf ${folder}`,
    });
  },
};
