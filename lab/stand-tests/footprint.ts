import { readdir, readFile, readlink } from "node:fs/promises";
import { runProgram, waitUntil } from "@goldenring/stand";

/** What stays of the footprint: a killed program (mkfs, ssh-keygen) or a child of this process may need a moment to end. */
export async function leftovers(stand: string, folder: string): Promise<readonly string[]> {
  await waitUntil(async () => (await footprint(stand, folder)).length === 0, { deadlineMs: 3_000, everyMs: 200 });
  return footprint(stand, folder);
}

/** Everything on this computer that carries the stand's name, except its files. */
async function footprint(stand: string, folder: string): Promise<readonly string[]> {
  const namespace = `ring-${stand}`;
  const carries = (text: string): boolean => text.includes(`${folder}/`) || new RegExp(`\\b${namespace}\\b`).test(text);
  const lines = async (...argv: string[]) => (await runProgram(argv, { deadlineMs: 60_000 })).stdout.split("\n");
  const found = {
    mount: (await readFile("/proc/mounts", "utf8")).split("\n").filter(carries),
    loop: (await lines("losetup", "--list", "--noheadings")).filter(carries),
    "network namespace": (await lines("ip", "netns", "list")).filter((line) => line.split(" ")[0] === namespace),
    cgroup: (await lines("find", "/sys/fs/cgroup", "-type", "d", "-name", namespace)).filter(Boolean),
    link: (await lines("ip", "-o", "link")).filter((line) => /\b(vb-|ring\b)/.test(line)),
    rules: (await lines("nft", "list", "tables")).filter(
      (line) => line.includes("faults") || line.endsWith(` ${namespace}`),
    ),
    sockets: (await readdir("/run/goldenring").catch(() => [])).filter((name) => name === stand),
    process: await processes(carries),
  };
  return Object.entries(found).flatMap(([kind, all]) => all.map((each) => `${kind} ${each}`));
}

async function processes(carries: (text: string) => boolean): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
      const command = (await read("cmdline")).replaceAll("\0", " ");
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
      return carries(`${command} ${cwd}/ ${await read("cgroup")}`) ? [`${pid} ${command}`] : [];
    }),
  );
  return found.flat();
}
