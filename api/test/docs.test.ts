import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { expectTableInDocs } from "../../docs-table.fixture.ts";
import { VARIABLES } from "../src/config.ts";

const root = new URL("../../", import.meta.url);

test("docs/api.md has every environment variable with its default and meaning", () => {
  const rows = VARIABLES.map(({ name, fallback, meaning }) => [`\`${name}\``, fallback, meaning]);
  expectTableInDocs("api.md", "variables", [["variable", "default", "meaning"], ...rows]);
});

test("the Ansible template sets variables that the API reads, and no others", () => {
  const template = readFileSync(new URL("cluster/roles/weather_api/templates/api.env.j2", root), "utf8");
  const set = [...template.matchAll(/^(\w+)=/gm)].map(([, name = ""]) => name);
  const known = new Set(VARIABLES.map(({ name }) => name));
  expect(set).toContain("DATABASE_URL");
  expect(set.filter((name) => !known.has(name) && !name.startsWith("BUN_"))).toEqual([]);
});
