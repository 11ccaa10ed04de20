import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findGroupMaker, groupMakerFor } from "./cgroup.ts";

/** Ordinary folders stand for the mounted trees: what is written where can be seen, what the kernel does of it can't. */
const root = mkdtempSync(join(tmpdir(), "goldenring-cgroup-"));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const limits = { cpuMsPer100: 25, memoryMiB: 128 };

function folder(path: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = join(root, path);
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

function v1Mount(controllers: string, mountRoot = "/"): string {
  return `30 25 0:26 ${mountRoot} ${join(root, controllers)} rw,relatime shared:9 - cgroup cgroup rw,${controllers}`;
}

function v2Mount(mountRoot = "/"): string {
  return `30 25 0:26 ${mountRoot} ${root} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate`;
}

describe("a limited group", () => {
  test("of v1 nests under the process's own group of each controller", () => {
    folder("cpu,cpuacct/mine");
    folder("memory/my.slice/mine");
    const mountinfo = `22 1 8:1 / / rw - ext4 /dev/sda1 rw\n${v1Mount("cpu,cpuacct")}\n${v1Mount("memory")}\n`;
    const maker = groupMakerFor(mountinfo, "5:memory:/my.slice/mine\n4:cpu,cpuacct:/mine\n1:name=systemd:/x\n0::/x\n");
    expect(maker?.version).toBe(1);
    const group = maker?.make("g", limits);
    const read = (path: string) => readFileSync(join(root, path), "utf8");
    expect(read("cpu,cpuacct/mine/g/cpu.cfs_quota_us")).toBe("25000");
    expect(read("cpu,cpuacct/mine/g/cpu.cfs_period_us")).toBe("100000");
    expect(read("memory/my.slice/mine/g/memory.limit_in_bytes")).toBe("134217728");
    expect(group?.joinFiles).toEqual([
      join(root, "cpu,cpuacct/mine/g/cgroup.procs"),
      join(root, "memory/my.slice/mine/g/cgroup.procs"),
    ]);
  });

  test("of v1 is made at the top of the mount in a container that sees the host's paths", () => {
    folder("cpu,cpuacct");
    folder("memory");
    const mountinfo = [v1Mount("cpu,cpuacct", "/docker/abc"), v1Mount("memory", "/docker/abc")].join("\n");
    groupMakerFor(mountinfo, "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/other\n")?.make("g", limits);
    expect(existsSync(join(root, "cpu,cpuacct/g/cpu.cfs_quota_us"))).toBe(true);
    expect(existsSync(join(root, "memory/g/memory.limit_in_bytes"))).toBe(true);
  });

  test("of v2 is made under the nearest group that hands CPU and memory on", () => {
    folder("", { "cgroup.subtree_control": "cpu io memory pids" });
    folder("user.slice", { "cgroup.subtree_control": "cpu memory pids" });
    // The kernel refuses to write it in a group with processes; a folder in its place refuses too.
    folder("user.slice/session-1.scope/cgroup.subtree_control");
    const maker = groupMakerFor(v2Mount(), "0::/user.slice/session-1.scope\n");
    expect(maker?.version).toBe(2);
    maker?.make("g", limits);
    const read = (name: string) => readFileSync(join(root, "user.slice/g", name), "utf8");
    expect(read("cpu.max")).toBe("25000 100000");
    expect(read("memory.max")).toBe("134217728");
  });

  test("of v2 is not to be had where no group hands CPU and memory on", () => {
    folder("cgroup.subtree_control");
    expect(() => groupMakerFor(v2Mount(), "0::/\n")?.make("g", limits)).toThrow("no group may hand");
  });

  test("of v2 reports what it used", () => {
    folder("", { "cgroup.subtree_control": "cpu memory" });
    const group = groupMakerFor(v2Mount(), "0::/\n")?.make("g", limits);
    folder("g", {
      "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
      "memory.current": String(50 * 1024 ** 2),
      "memory.stat": `anon 1\ninactive_file ${8 * 1024 ** 2}\nactive_file ${2 * 1024 ** 2}\n`,
      "memory.events": "low 0\noom 1\noom_kill 1\n",
    });
    expect(group?.use()).toEqual({ cpuSeconds: 2.5, memoryMiB: 40, outOfMemoryKills: 1 });
  });

  test("is not to be had without a tree of both controllers", () => {
    expect(groupMakerFor(v1Mount("memory"), "5:memory:/\n")).toBeUndefined();
  });

  test("of this computer holds a busy process at a quarter of a core, or there is a reason why not", async () => {
    const maker = findGroupMaker();
    if (typeof maker === "string") {
      expect(maker).not.toBe("");
      return;
    }
    const group = maker.make(`goldenring-bench-test-${process.pid}`, limits);
    const join = group.joinFiles.map((file) => `echo $$ > ${file}`).join(" && ");
    const child = Bun.spawn(["/bin/sh", "-c", `${join} && while :; do :; done`]);
    await Bun.sleep(1000);
    const { cpuSeconds } = group.use();
    child.kill("SIGKILL");
    await child.exited;
    await Bun.sleep(100);
    group.remove();
    expect(cpuSeconds).toBeGreaterThan(0.1);
    expect(cpuSeconds).toBeLessThan(0.35);
  });
});
