import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { expectTableInDocs } from "../../docs-table.fixture.ts";
import { readConfig, VARIABLES } from "../src/config.ts";

const root = new URL("../../", import.meta.url);

test("docs/api.md has every environment variable with its default and meaning", () => {
  const rows = VARIABLES.map(({ name, fallback, meaning }) => [`\`${name}\``, fallback, meaning]);
  expectTableInDocs("api.md", "variables", [["variable", "default", "meaning"], ...rows]);
});

test("every setting of src/config.ts is used elsewhere in src/", () => {
  const source = new URL("api/src/", root);
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const code = files
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && file !== "config.ts")
    .map((file) => readFileSync(new URL(file, source), "utf8"))
    .join("\n");
  expect(Object.keys(readConfig({})).filter((key) => !new RegExp(`\\b${key}\\b`).test(code))).toEqual([]);
});

test("the Ansible template sets variables that the API reads, and no others", () => {
  const template = readFileSync(new URL("cluster/roles/weather_api/templates/api.env.j2", root), "utf8");
  const set = [...template.matchAll(/^(\w+)=/gm)].map(([, name = ""]) => name);
  const known = new Set(VARIABLES.map(({ name }) => name));
  expect(set).toContain("DATABASE_URL");
  expect(set.filter((name) => !known.has(name) && !name.startsWith("BUN_"))).toEqual([]);
});

/** Other values of the chart set these, or its image. */
const SET_BY_CHART = [
  ...["API_KEYS", "API_KEYS_FILE", "BUILD_COMMIT", "ConnectionStrings__PgConnection", "DATABASE_URL", "DATA_FOLDER"],
  ...["HOST", "PORT", "SAMPLE_DATA", "SHUTDOWN_DELAY_MS", "SHUTDOWN_GRACE_MS"],
];

test("the chart's values take all other settings of the API, and no others (charts/goldenring/values.schema.json)", () => {
  const schema = JSON.parse(readFileSync(new URL("charts/goldenring/values.schema.json", root), "utf8"));
  const names = [...Object.keys(schema.properties.config.properties), ...SET_BY_CHART];
  expect(names.toSorted()).toEqual(VARIABLES.map(({ name }) => name).toSorted());
});
