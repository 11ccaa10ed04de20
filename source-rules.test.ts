import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
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
