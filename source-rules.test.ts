import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = import.meta.dirname;

function testFiles(): string[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules",
  );
  return folders
    .flatMap(({ name }) =>
      readdirSync(join(root, name), { recursive: true, encoding: "utf8" }).map((file) => join(name, file)),
    )
    .filter((file) => /\.(?:test|stand)\.ts$/.test(file) && !file.includes("node_modules"));
}

/** Lines that start an expectation of a promise: without `await` the test ends before the promise does. */
function unawaited(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^[ \t]*expect\(/gm)]
    .filter(({ index }) => /\)\s*\.(?:rejects|resolves)\b/.test(text.slice(index, text.indexOf(";", index))))
    .map(({ index }) => `${file}:${text.slice(0, index).split("\n").length}`);
}

test("every expectation of a promise is awaited", () => {
  const files = testFiles();
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap(unawaited)).toEqual([]);
});

const PROGRAMS = "stand/src/computer/start-program.ts";
/** What runs before or without the rooms, and the API with its benchmarks, which starts PostgreSQL and itself. */
const APART =
  /^(?:bootstrap\.mjs|checks\.ts|api\/.*|charts\/goldenring\/files\/.*|load\/baseline\/.*|monitoring\/src\/build\.ts)$/;

/** Source files of the rooms, without tests and fixtures, that have the pattern. */
function sourcesWith(pattern: RegExp): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter(
      (file) =>
        /\.(?:ts|mjs)$/.test(file) && !/node_modules|\.(?:test|fixture|stand)\.ts$|\/test\/|-tests\//.test(file),
    )
    .filter((file) => !APART.test(file) && pattern.test(readFileSync(join(root, file), "utf8")))
    .sort();
}

test("programs start in one place, which gives them a folder and an environment that nobody else can prepare", () => {
  expect(sourcesWith(/^import (?!type)[^;]*"node:child_process"|\bBun\.(?:spawn|\$)|new Worker\(/m)).toEqual([
    PROGRAMS,
  ]);
  expect(sourcesWith(/process\.execPath/)).toEqual([PROGRAMS]);
  expect(sourcesWith(/\.\.\.process\.env/)).toEqual([]);
});

test("texts reach the terminal in one place, which makes them harmless", () => {
  expect(
    sourcesWith(/process\.std(?:out|err)\.write|console\.(?:log|error|warn|info|table)\(|writeSync\([12],/),
  ).toEqual(["monitoring/src/receiver/main.ts", "run-kit/src/command/output.ts", "stand/src/health/ask-services.ts"]);
});

const ROOMS = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^\.|^(?:node_modules|docs|runs)$/.test(entry.name))
  .map(({ name }) => name)
  .filter((name) => existsSync(join(root, name, "README.md")) || existsSync(join(root, name, "package.json")));

test("every room has a README, and is in docs/map.md", () => {
  expect(ROOMS).toContain("cluster");
  expect(ROOMS.filter((room) => !existsSync(join(root, room, "README.md")))).toEqual([]);
  const map = readFileSync(join(root, "docs/map.md"), "utf8");
  expect(ROOMS.filter((room) => !map.includes(`\`${room}/\``))).toEqual([]);
});

/** Paths in backticks that do not exist; those with a placeholder (ROLE, *) count up to it. */
function missingPaths(page: string, folders: readonly string[]): string[] {
  const text = readFileSync(join(root, page), "utf8");
  const paths = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.*-]*)`/g)].map(([, path = ""]) => path);
  return paths.filter((path) => {
    const placeholder = path.search(/(?<=^|\/)(?:[A-Z]{2,}\b|[^/]*\*)/);
    const fixed = placeholder < 0 ? path : path.slice(0, placeholder);
    return !folders.some((folder) => existsSync(join(root, folder, fixed)));
  });
}

test("every path that CONTRIBUTING.md and the READMEs of the rooms name exists", () => {
  expect(missingPaths("CONTRIBUTING.md", ["."])).toEqual([]);
  for (const room of ROOMS) {
    const page = `${room}/README.md`;
    expect([page, ...missingPaths(page, [".", room, `${room}/src`])]).toEqual([page]);
  }
});
