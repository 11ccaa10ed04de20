import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { cleanEnvironment, lastLines, runProgram } from "@goldenring/stand";
import { FREE_MEMORY_GIB } from "../plan.ts";
import { A_MINUTE, type TaskOptions } from "../task.ts";

/** A program (or the path of a file), the Debian package that brings it, and the package where Fedora, Arch and openSUSE use another name. */
const REQUIREMENTS: readonly (readonly [has: string, debian: string, elsewhere?: string])[] = [
  ["systemd-nspawn", "systemd-container"],
  ["systemd-socket-activate", "systemd"],
  ["debootstrap", "debootstrap"],
  ["/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring", "debian-keyring"],
  ["lxcfs", "lxcfs"],
  ["nft", "nftables"],
  ["ip", "iproute2"],
  ["ssh", "openssh-client", "openssh"],
  ["socat", "socat"],
  ["mkfs.ext4", "e2fsprogs"],
  ["losetup", "mount", "util-linux"],
  ["setpriv", "util-linux"],
  ["bash", "bash"],
  ["cmp", "diffutils"],
  ["python3", "python3"],
  ["ansible-playbook", "ansible-core"],
];

/** sudo and cron often leave the folders of system programs out. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** @param has whether the computer has a program (or a file, when it is a path) */
export function planPackages(has: (what: string) => boolean) {
  const missing = REQUIREMENTS.filter(([program]) => !has(program));
  return {
    debian: [...new Set(missing.map(([, debian]) => debian))],
    elsewhere: [...new Set(missing.map(([, debian, elsewhere]) => elsewhere ?? debian))],
  };
}

function missingPackages() {
  const folders = (process.env.PATH ?? "").split(":");
  return planPackages((what) =>
    what.startsWith("/") ? existsSync(what) : folders.some((folder) => existsSync(join(folder, what))),
  );
}

/** @throws {CommandError} unless this is Linux and the user is root */
export function assertLinuxRoot(): void {
  if (process.platform !== "linux") {
    throw new CommandError(
      `The stand's machines need a Linux computer. On macOS or Windows, use a virtual machine with Debian or Ubuntu (${FREE_MEMORY_GIB + 2} GB of memory, 20 GB of disk).`,
    );
  }
  if (process.getuid?.() !== 0) throw new CommandError("The stand needs root: put sudo in front of the command.");
}

/**
 * Installs missing packages through apt, and logs that it does.
 *
 * @throws {CommandError} on a computer without apt, with the packages to install
 */
export async function ensurePackages({ onProgress, signal }: TaskOptions): Promise<void> {
  process.env.PATH = [...new Set([...(process.env.PATH ?? "").split(":"), ...SYSTEM_FOLDERS])].join(":");
  const { debian, elsewhere } = missingPackages();
  if (debian.length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) {
    throw new CommandError(
      `Install these packages (names may differ a little): ${elsewhere.join(" ")}. Then run the command again.`,
    );
  }
  onProgress?.(`installing packages on this computer: ${debian.join(" ")}`);
  const runsServices = (await readFile("/proc/1/comm", "utf8")) === "systemd\n";
  await apt(["update"], signal);
  await apt(["install", "-y", "--no-install-recommends", ...debian], signal);
  // Each machine gets an lxcfs of its own; the computer needs none.
  if (runsServices && debian.includes("lxcfs")) {
    await runProgram(["systemctl", "disable", "--now", "lxcfs.service"], A_MINUTE);
  }
  const { debian: left } = missingPackages();
  if (left.length > 0) throw new CommandError(`apt installed ${left.join(" ")}, but their programs are missing.`);
}

/** Not aborted while it runs: dpkg would be left half configured. */
async function apt(args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const environment = { ...cleanEnvironment(), DEBIAN_FRONTEND: "noninteractive" };
  const { code, stdout, stderr } = await runProgram(["apt-get", "-q", ...args], { environment, deadlineMs: 900_000 });
  if (code === 0) return;
  throw new CommandError(`\`apt-get ${args.join(" ")}\` failed:\n${lastLines(stderr || stdout, 8)}`);
}

/**
 * The kernel's default of 128 inotify instances is for all machines together, since root is the same user in each of them. A machine
 * uses about 8; a systemd that gets none ends at once with exit code 255 and without a message.
 */
const INOTIFY_INSTANCES = 4_096;
const INSTANCES = "/proc/sys/fs/inotify/max_user_instances";

/** Raises the kernel's limits for many machines; they stay raised until the computer reboots. */
export async function ensureKernelLimits({ onProgress }: TaskOptions): Promise<void> {
  const current = Number(await readFile(INSTANCES, "utf8"));
  if (current >= INOTIFY_INSTANCES) return;
  onProgress?.(`raising this computer's fs.inotify.max_user_instances from ${current} to ${INOTIFY_INSTANCES}`);
  await writeFile(INSTANCES, String(INOTIFY_INSTANCES));
}

/** @param moreGiB for large replicas @returns a warning for the user when the computer has less memory left than a whole stand uses */
export async function memoryWarning(moreGiB: number): Promise<readonly string[]> {
  const [, available = "0"] = /^MemAvailable: +(\d+) kB$/m.exec(await readFile("/proc/meminfo", "utf8")) ?? [];
  const availableGiB = Number(available) / 2 ** 20;
  const neededGiB = FREE_MEMORY_GIB + moreGiB;
  if (availableGiB >= neededGiB) return [];
  return [
    `This computer has ${availableGiB.toFixed(1)} GB of free memory; the whole stand needs ${Number(neededGiB.toFixed(1))} GB. Machines may be killed or slow.`,
  ];
}
