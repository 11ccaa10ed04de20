import { describe, expect, test } from "bun:test";
import { findHierarchies, limitingVersion, parseMountInfo, standGroup } from "./cgroups.ts";

const mount = (mountPoint: string, type: string, options: string, root = "/"): string =>
  `31 23 0:28 ${root} ${mountPoint} rw,nosuid shared:9 - ${type} ${type} ${options}`;

const LEGACY = [
  mount("/sys/fs/cgroup", "tmpfs", "rw,mode=755"),
  mount("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"),
  mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory"),
  mount("/sys/fs/cgroup/perf_event", "cgroup", "rw,perf_event"),
  mount("/sys/fs/cgroup/systemd", "cgroup", "rw,xattr,name=systemd"),
].join("\n");
const LEGACY_SELF =
  "5:perf_event:/\n4:memory:/user.slice/session-1\n3:cpu,cpuacct:/user.slice\n1:name=systemd:/user.slice\n";

const found = (mounts: string, self: string) => findHierarchies(parseMountInfo(mounts), self);

describe("cgroup version 1", () => {
  test("controllers that are mounted together are one hierarchy; the others are left out", () => {
    expect(found(LEGACY, LEGACY_SELF)).toEqual([
      {
        version: 1,
        mountPoint: "/sys/fs/cgroup/cpu,cpuacct",
        controllers: ["cpu", "cpuacct"],
        own: "/sys/fs/cgroup/cpu,cpuacct/user.slice",
      },
      {
        version: 1,
        mountPoint: "/sys/fs/cgroup/memory",
        controllers: ["memory"],
        own: "/sys/fs/cgroup/memory/user.slice/session-1",
      },
      {
        version: 1,
        mountPoint: "/sys/fs/cgroup/systemd",
        controllers: ["name=systemd"],
        own: "/sys/fs/cgroup/systemd/user.slice",
      },
    ]);
  });

  test("the memory group lies below the group of who makes it, the others at the top", () => {
    expect(found(LEGACY, LEGACY_SELF).map((hierarchy) => standGroup(hierarchy, "ring-lab"))).toEqual([
      "/sys/fs/cgroup/cpu,cpuacct/ring-lab",
      "/sys/fs/cgroup/memory/user.slice/session-1/ring-lab",
      "/sys/fs/cgroup/systemd/ring-lab",
    ]);
  });

  test("a stand that is started from within another one's group does not nest", () => {
    const [memory] = found(mount("/c/memory", "cgroup", "rw,memory"), "4:memory:/session-1/ring-a/pg-01.host\n");
    expect(memory && standGroup(memory, "ring-b")).toBe("/c/memory/session-1/ring-b");
  });

  test("in a container, where only its own part is mounted, the path is counted from there", () => {
    const [memory] = found(mount("/c/memory", "cgroup", "rw,memory", "/docker/abc"), "4:memory:/docker/abc/x\n");
    expect(memory?.own).toBe("/c/memory/x");
    const [beside] = found(mount("/c/memory", "cgroup", "rw,memory", "/docker/ab"), "4:memory:/docker/abc\n");
    expect(beside?.own).toBe("/c/memory/docker/abc");
  });

  test("a hierarchy that is mounted twice counts once", () => {
    expect(found(`${LEGACY}\n${mount("/other/memory", "cgroup", "rw,memory")}`, LEGACY_SELF)).toHaveLength(3);
  });
});

describe("cgroup version 2", () => {
  const UNIFIED = mount("/sys/fs/cgroup", "cgroup2", "rw,nsdelegate,memory_recursiveprot");

  test("there is one hierarchy, with the stand's groups at the top", () => {
    const [hierarchy, ...others] = found(UNIFIED, "0::/user.slice/user-1000.slice/session-2.scope\n");
    expect(others).toEqual([]);
    expect(hierarchy?.own).toBe("/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope");
    expect(hierarchy && standGroup(hierarchy, "ring-lab")).toBe("/sys/fs/cgroup/ring-lab");
  });
});

describe("what enforces the limits", () => {
  const legacy = found(LEGACY, LEGACY_SELF);
  const unified = found(mount("/sys/fs/cgroup/unified", "cgroup2", "rw"), "0::/\n");

  test("version 1 where its controllers are mounted, also beside an empty version 2 (hybrid)", () => {
    expect(limitingVersion(legacy, [])).toBe(1);
    expect(limitingVersion([...legacy, ...unified], ["hugetlb"])).toBe(1);
  });

  test("version 2 where it has the controllers", () => {
    expect(limitingVersion(unified, ["cpuset", "cpu", "io", "memory", "pids"])).toBe(2);
  });

  test("nothing where one is missing", () => {
    expect(limitingVersion(unified, ["cpu", "pids"])).toBeUndefined();
    expect(limitingVersion([], [])).toBeUndefined();
  });
});

describe("/proc/self/mountinfo", () => {
  test("optional fields may be none or many", () => {
    const text = [
      "36 35 98:0 / /a rw - ext4 /dev/sda rw,discard",
      "37 35 98:0 /part /b rw,noatime shared:1 master:2 - tmpfs none rw",
      "",
    ].join("\n");
    expect(parseMountInfo(text)).toEqual([
      { root: "/", mountPoint: "/a", type: "ext4", source: "/dev/sda", options: ["rw", "discard"] },
      { root: "/part", mountPoint: "/b", type: "tmpfs", source: "none", options: ["rw"] },
    ]);
  });

  test("characters that the kernel writes as octal numbers come back", () => {
    const [mount] = parseMountInfo("36 35 98:0 / /with\\040space\\134 rw - ext4 /dev/x rw");
    expect(mount?.mountPoint).toBe("/with space\\");
  });

  test("lines of another form are left out", () => {
    expect(parseMountInfo("nonsense\n1 2 3\n - ext4 x rw\n")).toEqual([]);
  });
});
