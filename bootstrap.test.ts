import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A project of its own, in which npm and Bun are scripts that note what they were asked. */
let project: string;
let started: ChildProcess[];

const FAKE_NPM = `#!/bin/sh
echo "npm $1" >> calls
[ -e npm-is-slow ] && sleep 2
[ -e npm-says ] && { cat npm-says >&2; exit 1; }
mkdir -p node_modules/.goldenring-bun/node_modules/.bin
cp fake/bun node_modules/.goldenring-bun/node_modules/.bin/bun
`;

const FAKE_BUN = `#!/bin/sh
case "$1" in
  --version) echo 1.2.3 ;;
  install)
    mkdir -p node_modules/.bin
    cp "$0" node_modules/.bin/bun
    for tool in biome tsc knip; do cp fake/tool node_modules/.bin/$tool; done ;;
  api/page/build.ts)
    echo build >> calls
    mkdir -p api/page/dist && echo {} > api/page/dist/manifest.json ;;
  *)
    echo "bun $*" >> calls
    exec node program.mjs ;;
esac
`;

const FAKE_TOOL = `#!/bin/sh
echo "$(basename "$0") $*" >> calls
[ ! -e "$(basename "$0")-fails" ]
`;

function write(name: string, content: string): void {
  writeFileSync(join(project, name), content);
}

function calls(): string[] {
  return existsSync(join(project, "calls")) ? readFileSync(join(project, "calls"), "utf8").trim().split("\n") : [];
}

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "goldenring-bootstrap-"));
  started = [];
  copyFileSync(join(import.meta.dirname, "bootstrap.mjs"), join(project, "bootstrap.mjs"));
  mkdirSync(join(project, "fake"));
  mkdirSync(join(project, "api/page"), { recursive: true });
  for (const [name, script] of Object.entries({ npm: FAKE_NPM, bun: FAKE_BUN, tool: FAKE_TOOL })) {
    write(`fake/${name}`, script);
    chmodSync(join(project, "fake", name), 0o755);
  }
  write("package.json", JSON.stringify({ workspaces: ["api"], devDependencies: { bun: "1.2.3" } }));
  write("api/package.json", "{}");
  write("bun.lock", "one");
  write("program.mjs", "");
});
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(project, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[], nodeArgs: readonly string[] = []): Run {
  const child = spawn("node", [...nodeArgs, "bootstrap.mjs", ...args], {
    cwd: project,
    detached: true,
    env: { ...process.env, PATH: `${join(project, "fake")}:${process.env.PATH}` },
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

async function run(
  args: readonly string[],
  nodeArgs?: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const { ended, output } = start(args, nodeArgs);
  return { code: await ended, output: output() };
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error("it did not come to pass within 10 s");
    await delay(20);
  }
}

describe("the dependencies", () => {
  test("are installed once, and again when bun.lock changes", async () => {
    expect((await run(["start"])).output).toContain("Installing the dependencies");
    expect((await run(["start"])).output).not.toContain("Installing");
    expect(calls()).toEqual(["npm install", "bun api/src/main.ts", "bun api/src/main.ts"]);
    write("bun.lock", "two");
    expect((await run(["start"])).output).toContain("Installing the dependencies");
  });

  test("are installed from scratch after an installation that was killed", async () => {
    write("npm-is-slow", "");
    const { child, output } = start(["start"]);
    await until(() => calls().length > 0);
    child.kill("SIGKILL");
    rmSync(join(project, "npm-is-slow"));
    write("node_modules/half-a-package", "");
    const aMinuteAgo = Date.now() / 1000 - 60;
    utimesSync(join(project, "node_modules/.goldenring-installing"), aMinuteAgo, aMinuteAgo);

    const next = await run(["start"]);
    expect(next.output).toContain("An earlier installation was interrupted");
    expect(next.code).toBe(0);
    expect(existsSync(join(project, "node_modules/half-a-package"))).toBe(false);
    expect(output()).not.toContain("    at ");
  });

  test("are installed by one of two commands that start at the same moment", async () => {
    write("npm-is-slow", "");
    const both = await Promise.all([run(["start"]), run(["start"])]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls().filter((call) => call === "npm install")).toHaveLength(1);
    expect(both.map(({ output }) => output).join()).toContain("waiting for it");
  }, 15_000);

  test.each([
    ["npm error code ENOTFOUND", "The package registry is out of reach"],
    ["npm error ENOSPC: no space left on device", "The disk is full"],
    ["npm error EACCES: permission denied", "may not write"],
  ])("that fail with %s are followed by what to do, and the next start does not wait", async (message, advice) => {
    write("npm-says", message);
    const { code, output } = await run(["start"]);
    expect(code).toBe(1);
    expect(output).toContain(message);
    expect(output).toContain(advice);
    expect(output).not.toContain("    at ");
    rmSync(join(project, "npm-says"));
    const next = await run(["start"]);
    expect(next.code).toBe(0);
    expect(next.output).not.toContain("waiting");
  });

  test("can be left for later with Ctrl-C", async () => {
    write("npm-is-slow", "");
    const { child, output, ended } = start(["start"]);
    await until(() => calls().length > 0);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(output()).toContain("Stopped. The next start begins the installation again.");
  });
});

describe("the program", () => {
  test("hands on its exit code", async () => {
    write("program.mjs", "process.exit(7)");
    expect((await run(["start"])).code).toBe(7);
  });

  test("gets Ctrl-C once, although terminal and npm both send it, and the time to stop", async () => {
    write(
      "program.mjs",
      `import { appendFileSync } from "node:fs";
       setInterval(() => {}, 1000);
       process.on("SIGINT", () => {
         appendFileSync("calls", "interrupted\\n");
         setTimeout(() => { appendFileSync("calls", "stopped\\n"); process.exit(0); }, 500);
       });
       appendFileSync("calls", "ready\\n");`,
    );
    const { child, output, ended } = start(["start"]);
    await until(() => calls().includes("ready"));
    process.kill(-(child.pid ?? 0), "SIGINT");
    await delay(50);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(calls().slice(-2)).toEqual(["interrupted", "stopped"]);
    expect(calls().filter((call) => call === "interrupted")).toHaveLength(1);
    expect(output()).not.toContain("    at ");
  });

  test("gets SIGTERM when npm is asked to end, and when the terminal is closed", async () => {
    write(
      "program.mjs",
      `import { appendFileSync } from "node:fs";
       setInterval(() => {}, 1000);
       process.on("SIGTERM", () => { appendFileSync("calls", "terminated\\n"); process.exit(0); });
       appendFileSync("calls", "ready\\n");`,
    );
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      rmSync(join(project, "calls"), { force: true });
      const { child, ended } = start(["start"]);
      await until(() => calls().includes("ready"));
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(calls()).toContain("terminated");
    }
  });

  test("that is killed is said to have been", async () => {
    write("program.mjs", 'process.kill(process.pid, "SIGKILL")');
    const { code, output } = await run(["start"]);
    expect(code).toBe(137);
    expect(output).toContain("bun was ended by SIGKILL");
  });
});

describe("the task test", () => {
  test("runs the checks and then the tests", async () => {
    const { code, output } = await run(["test"]);
    expect(code).toBe(0);
    expect(calls()).toEqual([
      "npm install",
      "biome ci --colors=off .",
      "tsc --noEmit -p .",
      "knip ",
      "bun test --parallel=2",
    ]);
    expect(output).toContain("== 4/4 Tests (bun test)");
    expect(output).toContain("All passed");
  });

  test("stops at the first failure", async () => {
    write("tsc-fails", "");
    const { code, output } = await run(["test"]);
    expect(code).toBe(1);
    expect(calls().at(-1)).toBe("tsc --noEmit -p .");
    expect(output).toContain("Types (tsc): failed.");
  });

  test("runs only the tests that were asked for", async () => {
    await run(["test", "api/src/model", "--bail"]);
    expect(calls()).toEqual(["npm install", "bun test api/src/model --bail"]);
  });
});

test("the task ring installs what ./ring needs and says nothing when all is there", async () => {
  await run(["ring"]);
  expect(await run(["ring"])).toEqual({ code: 0, output: "" });
  expect(calls()).toEqual(["npm install"]);
});

test("the page is built when its sources have changed or its files are missing", async () => {
  write("api/page/build.ts", "");
  const builds = async () => {
    await run(["start"]);
    return calls().filter((call) => call === "build").length;
  };
  expect(await builds()).toBe(1);
  expect(await builds()).toBe(1);
  write("api/page/index.html", "new");
  expect(await builds()).toBe(2);
  rmSync(join(project, "api/page/dist/manifest.json"));
  expect(await builds()).toBe(3);
});

test("--help lists the tasks, and so does a task that does not exist", async () => {
  const asked = await run(["--help"]);
  expect(asked.code).toBe(0);
  for (const task of ["start", "test", "bench", "ring", "format"]) expect(asked.output).toContain(`  ${task} `);
  const wrong = await run(["strat"]);
  expect(wrong.code).toBe(2);
  expect(wrong.output).toContain('There is no task "strat".');
});

test("a Node that is too old is told to be replaced, before anything is installed", async () => {
  const old = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } })';
  const { code, output } = await run(["start"], ["--import", `data:text/javascript,${encodeURIComponent(old)}`]);
  expect(code).toBe(1);
  expect(output).toContain("Node 20 or newer is needed, this is 18.20.0.");
  expect(calls()).toEqual([]);
});
