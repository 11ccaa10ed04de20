import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LabProblem } from "../problem.ts";
import type { TaskOptions } from "../progress.ts";
import { lastLines, run } from "../run.ts";

interface Requirement {
  /** Program or file that shows that it is there. */
  readonly has: string;
  readonly debian: string;
  /** The same on Fedora, Arch and openSUSE, to search for. */
  readonly elsewhere: string;
}

const REQUIREMENTS: readonly Requirement[] = [
  { has: "systemd-nspawn", debian: "systemd-container", elsewhere: "systemd-container" },
  { has: "systemd-socket-activate", debian: "systemd", elsewhere: "systemd" },
  { has: "debootstrap", debian: "debootstrap", elsewhere: "debootstrap" },
  {
    has: "/usr/share/keyrings/debian-archive-keyring.gpg",
    debian: "debian-archive-keyring",
    elsewhere: "debian-keyring",
  },
  { has: "lxcfs", debian: "lxcfs", elsewhere: "lxcfs" },
  { has: "nft", debian: "nftables", elsewhere: "nftables" },
  { has: "ip", debian: "iproute2", elsewhere: "iproute2" },
  { has: "ssh", debian: "openssh-client", elsewhere: "openssh" },
  { has: "socat", debian: "socat", elsewhere: "socat" },
  { has: "mkfs.ext4", debian: "e2fsprogs", elsewhere: "e2fsprogs" },
  { has: "losetup", debian: "mount", elsewhere: "util-linux" },
  { has: "setpriv", debian: "util-linux", elsewhere: "util-linux" },
  { has: "bash", debian: "bash", elsewhere: "bash" },
  { has: "cmp", debian: "diffutils", elsewhere: "diffutils" },
  { has: "python3", debian: "python3", elsewhere: "python3" },
  { has: "ansible-playbook", debian: "ansible-core", elsewhere: "ansible-core" },
];

/** sudo and cron often leave the folders of system programs out. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

export interface PackagePlan {
  readonly debian: readonly string[];
  readonly elsewhere: readonly string[];
}

/** @param has whether the computer has a program (or a file, when it is a path) */
export function planPackages(has: (what: string) => boolean): PackagePlan {
  const missing = REQUIREMENTS.filter((requirement) => !has(requirement.has));
  return {
    debian: [...new Set(missing.map(({ debian }) => debian))],
    elsewhere: [...new Set(missing.map(({ elsewhere }) => elsewhere))],
  };
}

export function missingPackages(): PackagePlan {
  const folders = [...(process.env.PATH ?? "").split(":"), ...SYSTEM_FOLDERS];
  return planPackages((what) =>
    what.startsWith("/") ? existsSync(what) : folders.some((folder) => existsSync(join(folder, what))),
  );
}

/**
 * @throws LabProblem when this is no Linux, or the user may not do it
 */
export function assertLinuxRoot(): void {
  if (process.platform !== "linux") {
    throw new LabProblem(
      "The stand's machines need a Linux computer. On macOS or Windows, use a virtual machine with Debian or Ubuntu (4 GB of memory, 20 GB of disk).",
    );
  }
  if (process.getuid?.() !== 0) throw new LabProblem("The stand needs root: put sudo in front of the command.");
}

/**
 * Makes the computer ready: installs what is missing through apt, after saying so.
 *
 * @throws LabProblem on a computer without apt, naming what to install
 */
export async function ensurePackages({ onProgress, signal }: TaskOptions): Promise<void> {
  process.env.PATH = [...new Set([...(process.env.PATH ?? "").split(":"), ...SYSTEM_FOLDERS])].join(":");
  const { debian, elsewhere } = missingPackages();
  if (debian.length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) {
    throw new LabProblem(
      `Please install these packages (names may differ a little): ${elsewhere.join(" ")}. Then try again.`,
    );
  }
  onProgress?.(`installing packages on this computer: ${debian.join(" ")}`);
  const runsServices = (await readFile("/proc/1/comm", "utf8")) === "systemd\n";
  await apt(["update"], signal);
  await apt(["install", "-y", "--no-install-recommends", ...debian], signal);
  // The stand starts an lxcfs of its own for each machine; the computer needs none.
  if (runsServices && debian.includes("lxcfs")) await run(["systemctl", "disable", "--now", "lxcfs.service"]);
  const { debian: left } = missingPackages();
  if (left.length > 0) throw new LabProblem(`apt installed ${left.join(" ")}, but the programs are not there.`);
}

/** Never aborted in the middle: dpkg would be left half configured. */
async function apt(args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { code, stdout, stderr } = await run(["apt-get", "-q", ...args], { environment, deadlineMs: 900_000 });
  if (code === 0) return;
  throw new LabProblem(`\`apt-get ${args.join(" ")}\` failed:\n${lastLines(stderr || stdout, 8)}`);
}
