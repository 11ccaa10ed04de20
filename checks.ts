/**
 * What `npm test` runs: style, dead code, types, tests; with `--only-tests` or names of test files only tests. At the end it
 * lists the tests that were skipped, and what is missing for them.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SKIPPED_FILE_VARIABLE } from "./skips.fixture.ts";

/** Where Bun keeps how long each test file took: the next run starts the slowest first. */
const TIMINGS = "node_modules/.goldenring-test-timings.json";

/** Most tests wait for a process or a timer about half of their time: two for each of a small computer's two cores. */
const PARALLEL = 4;

/** For tests that name no deadline: several at a time are slower than one, and CI's computers are busy. */
const TEST_DEADLINE_MS = 20_000;

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(
    "npm test [-- FILE ...]: style, dead code, types and all tests; with FILEs only these tests. npm run test:unit: only tests.",
  );
  process.exit(0);
}
const named = args.filter((arg) => arg !== "--only-tests");
const unit: Step = {
  name: "Tests (bun test)",
  command:
    named.length > 0
      ? ["bun", "test", ...named]
      : [
          "bun",
          "test",
          `--parallel=${PARALLEL}`,
          `--timings=${TIMINGS}`,
          "--update-timings",
          `--timeout=${TEST_DEADLINE_MS}`,
        ],
};
const steps: readonly Step[] =
  args.length > 0
    ? [unit]
    : [
        { name: "Style, lint and dead code (biome, knip)", command: ["npm", "run", "--silent", "lint"] },
        { name: "Types (tsc)", command: ["npm", "run", "--silent", "typecheck"] },
        unit,
      ];

async function run([program = "", ...rest]: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(program, rest, { stdio: "inherit", env: { ...process.env, ...env } });
  const stop = (): void => void child.kill("SIGTERM");
  process.once("SIGTERM", stop);
  const code = await new Promise<number>((resolve) => child.once("exit", (exitCode) => resolve(exitCode ?? 143)));
  process.off("SIGTERM", stop);
  return code;
}

async function runSteps(skippedFile: string): Promise<number> {
  const startedMs = performance.now();
  for (const [index, { name, command }] of [
    { name: "Page", command: ["bun", "api/page/build.ts"] },
    ...steps,
  ].entries()) {
    if (index > 0) console.error(`\n== ${index}/${steps.length} ${name}`);
    const code = await run(command, { [SKIPPED_FILE_VARIABLE]: skippedFile });
    if (code !== 0) {
      console.error(`\n${name}: failed.`);
      return code;
    }
  }
  console.error(`\nAll passed in ${Math.round((performance.now() - startedMs) / 1000)} s.`);
  return 0;
}

function printSkipped(file: string): void {
  if (!existsSync(file)) return;
  const lines = new Set(readFileSync(file, "utf8").trim().split("\n"));
  console.error(
    `\nTests that were skipped here lack:\n${[...lines]
      .sort()
      .map((line) => `  ${line}\n`)
      .join("")}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "goldenring-checks-"));
try {
  const file = join(folder, "skipped");
  process.exitCode = await runSteps(file);
  printSkipped(file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
