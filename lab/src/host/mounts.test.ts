import { expect, test } from "bun:test";
import { parseMountInfo } from "./mounts.ts";

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
