import { expect, test } from "bun:test";
import { planPackages } from "./computer.ts";

test("a computer that has everything needs nothing", () => {
  expect(planPackages(() => true)).toEqual({ debian: [], elsewhere: [] });
});

test("only the packages of missing programs are installed", () => {
  const missing = new Set(["systemd-nspawn", "socat"]);
  expect(planPackages((what) => !missing.has(what)).debian).toEqual(["systemd-container", "socat"]);
});

test("a bare computer gets each package once", () => {
  const { debian } = planPackages(() => false);
  expect(new Set(debian).size).toBe(debian.length);
  for (const name of ["systemd-container", "debootstrap", "lxcfs", "nftables", "ansible-core", "openssh-client"]) {
    expect(debian).toContain(name);
  }
});
