import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { VARIABLES } from "../src/config.ts";

const root = new URL("../../", import.meta.url);
const TABLE = /(<!-- variables: begin .*-->\n)[\s\S]*?(?=<!-- variables: end -->)/;

test("docs/api.md has every environment variable with its default and meaning", () => {
  const file = new URL("docs/api.md", root);
  const text = readFileSync(file, "utf8");
  const rows = VARIABLES.map(({ name, fallback, meaning }) => `| \`${name}\` | ${fallback} | ${meaning} |\n`);
  const table = `\n| variable | default | meaning |\n|---|---|---|\n${rows.join("")}\n`;
  const current = text.replace(TABLE, (_, begin: string) => begin + table);
  expect(text).toMatch(TABLE);
  if (text === current) return;
  writeFileSync(file, current);
  throw new Error("docs/api.md did not have the variables of api/src/config.ts; its table is rewritten now: commit it");
});

test("the Ansible template sets variables that the API reads, and no others", () => {
  const template = readFileSync(new URL("cluster/roles/weather_api/templates/api.env.j2", root), "utf8");
  const set = [...template.matchAll(/^(\w+)=/gm)].map(([, name = ""]) => name);
  const known = new Set(VARIABLES.map(({ name }) => name));
  expect(set).toContain("DATABASE_URL");
  expect(set.filter((name) => !known.has(name) && !name.startsWith("BUN_"))).toEqual([]);
});
