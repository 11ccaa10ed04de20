import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A project of its own, in which npm and Bun are scripts that note how they were called. */
let project: string;
let started: ChildProcess[];

const FAKE_NPM = `#!/bin/sh
echo "npm $1" >> calls
[ -e npm-is-slow ] && sleep 2
[ -e npm-prints ] && { cat npm-prints >&2; exit 1; }
mkdir -p node_modules/.goldenring-bun/node_modules/.bin
cp fake/bun node_modules/.goldenring-bun/node_modules/.bin/bun
`;

const FAKE_BUN = `#!/bin/sh
[ "$1" = install ] || exit 0
echo "bun install" >> calls
mkdir -p node_modules/.bin
cp "$0" node_modules/.bin/bun
`;

function write(name: string, content: string): void {
  writeFileSync(join(project, name), content);
}

function lockOf(integrity: string): string {
  return `{ "packages": { "bun": ["bun@1.2.3", "", { "bin": { "bun": "bin/bun" }, "hasInstallScript": true, }, "${integrity}"], } }`;
}

function calls(): string[] {
  return existsSync(join(project, "calls")) ? readFileSync(join(project, "calls"), "utf8").trim().split("\n") : [];
}

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "goldenring-bootstrap-"));
  started = [];
  copyFileSync(join(import.meta.dirname, "bootstrap.mjs"), join(project, "bootstrap.mjs"));
  mkdirSync(join(project, "fake"));
  mkdirSync(join(project, "api"));
  for (const [name, script] of Object.entries({ npm: FAKE_NPM, bun: FAKE_BUN })) {
    write(`fake/${name}`, script);
    chmodSync(join(project, "fake", name), 0o755);
  }
  write("package.json", JSON.stringify({ workspaces: ["api"], devDependencies: { bun: "1.2.3" } }));
  write("api/package.json", "{}");
  write("bun.lock", lockOf("sha512-one"));
});
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(project, { recursive: true, force: true });
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(nodeArgs: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Run {
  const child = spawn("node", [...nodeArgs, "bootstrap.mjs"], {
    cwd: project,
    env: { ...process.env, PATH: `${join(project, "fake")}:${process.env.PATH}`, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  return { child, output: () => output, ended: once(child, "close").then(([code]) => code as number | null) };
}

async function run(nodeArgs?: readonly string[]): Promise<{ code: number | null; output: string }> {
  const { ended, output } = start(nodeArgs);
  return { code: await ended, output: output() };
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error("it did not happen within 10 s");
    await delay(20);
  }
}

const INSTALLATION = ["npm ci", "bun install"];

describe("the dependencies", () => {
  test("are installed once, and again when bun.lock changes", async () => {
    expect((await run()).output).toContain("Installing the dependencies");
    expect(await run()).toEqual({ code: 0, output: "" });
    expect(calls()).toEqual(INSTALLATION);
    write("bun.lock", lockOf("sha512-two"));
    expect((await run()).output).toContain("Installing the dependencies");
    expect(calls()).toEqual([...INSTALLATION, ...INSTALLATION]);
  });

  test("are installed from scratch after an installation that was killed", async () => {
    write("npm-is-slow", "");
    const { child } = start();
    await until(() => calls().length > 0);
    child.kill("SIGKILL");
    rmSync(join(project, "npm-is-slow"));
    write("node_modules/half-a-package", "");
    const aMinuteAgo = Date.now() / 1000 - 60;
    utimesSync(join(project, "node_modules/.goldenring-installing"), aMinuteAgo, aMinuteAgo);

    const next = await run();
    expect(next.output).toContain("An earlier installation was interrupted");
    expect(next.code).toBe(0);
    expect(existsSync(join(project, "node_modules/half-a-package"))).toBe(false);
  });

  test("are installed by one of two commands that start at the same moment", async () => {
    write("npm-is-slow", "");
    const both = await Promise.all([run(), run()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls()).toEqual(INSTALLATION);
    expect(both.map(({ output }) => output).join()).toContain("waiting for it");
  }, 15_000);

  test("that cannot be installed end with the reason and what to check, and the next start does not wait", async () => {
    write("npm-prints", "npm error code ENOTFOUND");
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toContain("npm error code ENOTFOUND");
    expect(output).toContain("The installation failed. The network, the disk");
    expect(output).not.toContain("    at ");
    rmSync(join(project, "npm-prints"));
    const next = await run();
    expect(next.code).toBe(0);
    expect(next.output).not.toContain("waiting");
  });

  test.each(["SIGINT", "SIGTERM"] as const)("can be left for later with %s", async (signal) => {
    write("npm-is-slow", "");
    const { child, output, ended } = start();
    await until(() => calls().length > 0);
    child.kill(signal);
    expect(await ended).toBe(130);
    expect(output()).toContain("Interrupted. The next start installs from scratch.");
    expect(readdirSync(join(project, "node_modules"))).toEqual([]);
  });
});

test("a Node that is too old is rejected before anything is installed", async () => {
  const old = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } })';
  const { code, output } = await run(["--import", `data:text/javascript,${encodeURIComponent(old)}`]);
  expect(code).toBe(1);
  expect(output).toContain("Node 20 or newer is needed, this is 18.20.0");
  expect(calls()).toEqual([]);
});

describe("the first Bun, from a registry, with the real npm", () => {
  let registry: Server;
  let environment: NodeJS.ProcessEnv;
  let integrity: string;
  beforeEach(async () => {
    mkdirSync(join(project, "package/bin"), { recursive: true });
    write("package/bin/bun", `#!/bin/sh\ncd ${project}\n${FAKE_BUN.slice(FAKE_BUN.indexOf("\n") + 1)}`);
    chmodSync(join(project, "package/bin/bun"), 0o755);
    const scripts = { postinstall: `echo "npm ci" >> ${project}/calls` };
    write("package/package.json", JSON.stringify({ name: "bun", version: "1.2.3", bin: { bun: "bin/bun" }, scripts }));
    execFileSync("tar", ["-czf", "bun.tgz", "package"], { cwd: project });
    const tarball = readFileSync(join(project, "bun.tgz"));
    integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    registry = createServer(({ url }, response) => {
      if (url === "/bun.tgz") return response.end(tarball);
      // It gives the checksum of whatever it serves, as a manipulated registry would.
      const dist = { tarball: `http://127.0.0.1:${portOf(registry)}/bun.tgz`, integrity };
      const version = { name: "bun", version: "1.2.3", bin: { bun: "bin/bun" }, scripts, hasInstallScript: true, dist };
      return response.end(
        JSON.stringify({ name: "bun", "dist-tags": { latest: "1.2.3" }, versions: { "1.2.3": version } }),
      );
    });
    await once(registry.listen(0, "127.0.0.1"), "listening");
    environment = {
      PATH: process.env.PATH,
      npm_config_registry: `http://127.0.0.1:${portOf(registry)}/`,
      npm_config_cache: join(project, "cache"),
    };
  });
  afterEach(() => void registry.close());

  test("is used when it is the one of bun.lock", async () => {
    write("bun.lock", lockOf(integrity));
    const { ended, output } = start([], environment);
    expect({ code: await ended, output: output() }).toEqual({ code: 0, output: expect.stringContaining("Installing") });
    expect(calls()).toEqual(INSTALLATION);
  });

  test("is refused, and nothing of it runs, when it is another one", async () => {
    write("bun.lock", lockOf(`sha512-${createHash("sha512").update("another").digest("base64")}`));
    const { ended, output } = start([], environment);
    expect({ code: await ended, output: output() }).toEqual({ code: 1, output: expect.stringContaining("EINTEGRITY") });
    expect(calls()).toEqual([]);
  });
});

describe("package.json's scripts", () => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };

  test.each(Object.entries(scripts))("%s installs first, and its program replaces npm's shell", (_, script) => {
    const commands = script.split(" && ");
    expect(commands[0]).toBe("node bootstrap.mjs");
    expect(commands.at(-1)).toStartWith("exec ");
  });
});
