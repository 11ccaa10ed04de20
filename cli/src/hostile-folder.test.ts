import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunProgram, CHECKOUT, cleanEnvironment, runProgram } from "@goldenring/stand";
import { HostileFolder } from "../../hostile-folder.fixture.ts";

setDefaultTimeout(60_000);

let hostile: HostileFolder;
beforeEach(() => {
  hostile = new HostileFolder();
});
afterEach(() => hostile.remove());

/** As a user does it who has just entered the folder. */
function start(argv: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return runProgram(argv, {
    deadlineMs: 50_000,
    folder: hostile.path,
    environment: { ...process.env, RING_HOME: join(hostile.path, "home"), ...environment },
  });
}

const RING = join(CHECKOUT, "ring");

describe("in a folder of somebody else nothing of it runs with", () => {
  test("ring, with Node and without it", async () => {
    expect(await start([RING, "--version"])).toMatchObject({ code: 0, stderr: "" });
    const programs = join(hostile.path, "programs");
    mkdirSync(programs);
    for (const name of ["sh", "dirname", "readlink", "stat", "id", "cut", "getent", "setpriv"])
      if (existsSync(`/usr/bin/${name}`)) symlinkSync(`/usr/bin/${name}`, join(programs, name));
    expect(await start([RING, "--version"], { PATH: programs })).toMatchObject({ code: 0, stderr: "" });
    expect(hostile.traces).toBe("");
  });

  test("ring, whose programs for an inventory are Ansible's and one that asks the services", async () => {
    const secrets = join(hostile.path, "secrets");
    writeFileSync(
      join(hostile.path, "my.yml"),
      `all:
  vars: {stand_name: real, stand_network: 127.0.0.0/8, stand_secrets: ${secrets}}
  children:
    etcd: {hosts: {etcd-01: {ansible_host: 127.0.0.1}}}
`,
    );
    const caches = { XDG_CACHE_HOME: join(hostile.path, "cache") };
    expect(await start([RING, "-i", "my.yml", "check"], caches)).toMatchObject({ code: 1 });
    expect(hostile.traces).toBe("");
  });

  test("npm's scripts and bootstrap.mjs", async () => {
    expect(await start(["node", join(CHECKOUT, "bootstrap.mjs")])).toMatchObject({ code: 0 });
    expect(await start(["npm", "--prefix", CHECKOUT, "--silent", "test", "--", "--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("npm test"),
    });
    expect(hostile.traces).toBe("");
  });

  test("a program of the repository, where it is started there", async () => {
    expect((await start([process.execPath, "-e", "0"])).code).toBe(0);
    expect(hostile.traces).toContain("evil.cjs");
    const traces = hostile.traces;
    expect(await start(bunProgram("-e", "console.log(process.env.PYTHONPATH)"))).toMatchObject({
      code: 0,
      stdout: "undefined\n",
    });
    expect(hostile.traces).toBe(traces);
  });
});

test("programs get no variable that makes them run code, changes what they do or is a secret, and no relative folder in PATH", () => {
  const harmless = { HOME: "/root", LANG: "C.UTF-8", LC_ALL: "C", https_proxy: "http://proxy:3128", RING_STAND: "dev" };
  const others =
    "BUN_OPTIONS NODE_OPTIONS PYTHONPATH BASH_ENV ENV LD_PRELOAD GOFLAGS PGHOST PGPASSWORD ANSIBLE_CONFIG AWS_SECRET";
  const harmful = Object.fromEntries(others.split(" ").map((name) => [name, "x"]));
  const PATH = ":.:bin:/usr/bin::/bin";
  expect(cleanEnvironment({ ...harmless, ...harmful, PATH })).toEqual({
    ...harmless,
    SHLVL: "1",
    PATH: "/usr/bin:/bin",
  });
});
