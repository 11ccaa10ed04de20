import { expect, test } from "bun:test";
import { expectTableInDocs } from "../../../docs-table.fixture.ts";
import { CommandError, EXIT, EXIT_MEANINGS, type ExitName } from "./exit.ts";

test("no number has two meanings", () => {
  const codes = Object.values(EXIT);
  expect(new Set<number>(codes).size).toBe(codes.length);
});

test("an error has the exit code of its name, or a program's own", () => {
  expect(new CommandError("x").exitCode).toBe(1);
  expect(new CommandError("x", "busy").exitCode).toBe(4);
  expect(new CommandError("x", 77).exitCode).toBe(77);
});

test("docs/ring.md has every exit code", () => {
  const rows = Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANINGS[name as ExitName]]);
  expectTableInDocs("ring.md", "exit codes", [["code", "meaning"], ...rows]);
});
