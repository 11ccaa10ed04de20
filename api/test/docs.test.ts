import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { VARIABLES } from "../src/config.ts";

test("docs/api.md has every environment variable with its default and meaning", () => {
  const text = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
  const table = /<!-- variables: begin .*-->\n([\s\S]*?)<!-- variables: end -->/.exec(text)?.[1];
  const rows = VARIABLES.map(([name, fallback, meaning]) => `| \`${name}\` | ${fallback} | ${meaning} |\n`);
  expect(table).toBe(`\n| variable | default | meaning |\n|---|---|---|\n${rows.join("")}\n`);
});
