import { readdir, readFile, readlink } from "node:fs/promises";
import { run } from "../src/run.ts";

/** Everything on this computer that carries the stand's name, but its files. */
export async function footprint(stand: string, folder: string): Promise<readonly string[]> {
  const namespace = `ring-${stand}`;
  const carries = (text: string): boolean => text.includes(`${folder}/`) || new RegExp(`\\b${namespace}\\b`).test(text);
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n").filter(carries);
  const loops = (await run(["losetup", "--list", "--noheadings"])).stdout.split("\n").filter(carries);
  const namespaces = (await run(["ip", "netns", "list"])).stdout
    .split("\n")
    .filter((line) => line.split(" ")[0] === namespace);
  const groups = (await run(["find", "/sys/fs/cgroup", "-type", "d", "-name", namespace])).stdout
    .split("\n")
    .filter(Boolean);
  const links = (await run(["ip", "-o", "link"])).stdout.split("\n").filter((line) => /\b(vb-|ring\b)/.test(line));
  const rules = (await run(["nft", "list", "tables"])).stdout.split("\n").filter((line) => line.includes("faults"));
  const sockets = (await readdir("/run/goldenring")).filter((name) => name === stand);
  return [
    ...mounts.map((line) => `mount ${line}`),
    ...loops.map((line) => `loop ${line}`),
    ...namespaces.map((line) => `network namespace ${line}`),
    ...groups.map((line) => `cgroup ${line}`),
    ...links.map((line) => `link ${line}`),
    ...rules.map((line) => `rules ${line}`),
    ...sockets.map((name) => `sockets ${name}`),
    ...(await processes(carries)),
  ];
}

async function processes(carries: (text: string) => boolean): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
      const command = (await read("cmdline")).replaceAll("\0", " ");
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
      return carries(`${command} ${cwd}/ ${await read("cgroup")}`) ? [`process ${pid} ${command}`] : [];
    }),
  );
  return found.flat();
}
