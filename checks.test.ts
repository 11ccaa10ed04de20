import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A folder in which npm and Bun are scripts that note how they were called. */
let folder: string;

const FAKE_NPM = `#!/bin/sh
echo "npm $*" >> calls
[ ! -e "$3-fails" ]
`;

const FAKE_BUN = `#!/bin/sh
echo "bun $*" >> calls
[ "$1" != test ] || . ./during-tests
`;

const UNIT = "bun test --parallel=";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-checks-"));
  for (const file of ["checks.ts", "skips.fixture.ts"])
    copyFileSync(join(import.meta.dirname, file), join(folder, file));
  for (const [name, script] of [["npm", FAKE_NPM] as const, ["bun", FAKE_BUN] as const]) {
    writeFileSync(join(folder, name), script, { mode: 0o755 });
  }
  writeFileSync(join(folder, "during-tests"), "");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const environment = () => ({ ...process.env, PATH: `${folder}:${process.env.PATH}` });

function checks(...args: readonly string[]): { readonly code: number | null; readonly output: string } {
  const command = [join(folder, "checks.ts"), ...args];
  const { status, stderr } = spawnSync(process.execPath, command, {
    cwd: folder,
    env: environment(),
    encoding: "utf8",
  });
  return { code: status, output: stderr };
}

function calls(): string[] {
  const file = join(folder, "calls");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

test("without arguments all checks run, and then the tests", () => {
  const { code, output } = checks();
  expect(code).toBe(0);
  expect(calls()).toEqual([
    "bun api/page/build.ts",
    "npm run --silent lint",
    "npm run --silent typecheck",
    expect.stringMatching(UNIT),
  ]);
  expect(output).toContain("== 3/3 Tests (bun test)");
  expect(output).toContain("All passed");
});

test("the first check that fails is the last one that runs", () => {
  writeFileSync(join(folder, "typecheck-fails"), "");
  const { code, output } = checks();
  expect(code).toBe(1);
  expect(calls().at(-1)).toBe("npm run --silent typecheck");
  expect(output).toContain("Types (tsc): failed.");
});

test("--only-tests runs all tests, and names of files only those", () => {
  checks("--only-tests");
  checks("api/src/model", "--bail");
  checks("--only-tests", "api/src/model");
  expect(calls().filter((call) => call !== "bun api/page/build.ts")).toEqual([
    expect.stringMatching(UNIT),
    "bun test api/src/model --bail",
    "bun test api/src/model",
  ]);
});

test("the exit code of the tests is the exit code", () => {
  writeFileSync(join(folder, "during-tests"), "exit 7");
  expect(checks("--only-tests").code).toBe(7);
});

test("the reasons of skipped tests are listed once, at the end", () => {
  writeFileSync(
    join(folder, "during-tests"),
    'for n in 1 2; do echo "etcd (apt-get install etcd-server)"; done >> $GOLDENRING_SKIPPED_FILE',
  );
  expect(checks("--only-tests").output).toEndWith(
    "Tests that were skipped here lack:\n  etcd (apt-get install etcd-server)\n\n",
  );
});

test("SIGTERM ends the running tests", async () => {
  writeFileSync(join(folder, "during-tests"), "echo running >> calls; exec sleep 30");
  const child = spawn(process.execPath, [join(folder, "checks.ts"), "--only-tests"], {
    cwd: folder,
    env: environment(),
  });
  while (!calls().includes("running")) await delay(20);
  child.kill("SIGTERM");
  expect((await once(child, "exit"))[0]).toBe(143);
});
