import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expectTableInDocs } from "../docs-table.fixture.ts";

/** The argument_specs of the roles are the source of the table of variables in docs/cluster.md. */

const CLUSTER = import.meta.dir;

interface Option {
  readonly type: string;
  readonly elements?: string;
  readonly description: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly choices?: readonly string[];
}

interface Meta {
  readonly argument_specs: Record<string, { options: Record<string, Option> }>;
}

interface Role {
  readonly name: string;
  /** Those of all its entry points. */
  readonly options: ReadonlyMap<string, Option>;
  readonly defaults: Readonly<Record<string, unknown>>;
}

// Most settings are those of `stand`.
const NAMES = readdirSync(join(CLUSTER, "roles")).filter((name) => name !== "stand");
const roles = ["stand", ...NAMES.sort()].map(readRole);

function readRole(name: string): Role {
  const folder = join(CLUSTER, "roles", name);
  const specs = readYaml<Meta>(join(folder, "meta/main.yml")).argument_specs;
  const defaults = ["defaults/main.yml", "defaults/main/stand.yml", "defaults/main/timings.yml"]
    .map((file) => join(folder, file))
    .filter((file) => existsSync(file))
    .map((file) => readYaml<Record<string, unknown>>(file));
  return {
    name,
    options: new Map(Object.values(specs).flatMap(({ options }) => Object.entries(options))),
    defaults: Object.assign({}, ...defaults),
  };
}

function readYaml<T>(file: string): T {
  return Bun.YAML.parse(readFileSync(file, "utf8")) as T;
}

const specified = new Map(roles.flatMap(({ options }) => [...options]));
const defaulted = new Map(roles.flatMap(({ defaults }) => Object.entries(defaults)));

test.each(roles)(
  "each default of the role $name is in a spec, with the same value where it fits a table",
  ({ defaults }) => {
    for (const [variable, value] of Object.entries(defaults)) {
      const option = specified.get(variable);
      if (option === undefined) throw new Error(`${variable}: no spec in cluster/roles/*/meta/main.yml has it`);
      const expected = fitsTable(value) || option.default !== undefined ? value : undefined;
      expect({ [variable]: option.default }).toEqual({ [variable]: expected });
    }
  },
);

test("a variable that is required or has a default in a spec is so in the roles", () => {
  for (const [variable, option] of specified) {
    if (option.required) expect([...defaulted.keys()]).not.toContain(variable);
    if (option.default !== undefined) expect([...defaulted.keys()]).toContain(variable);
  }
});

/** Other defaults are computed or too long: the description tells what they are. */
function fitsTable(value: unknown): boolean {
  const text = JSON.stringify(value);
  return !text.includes("{{") && text.length <= 40;
}

test("each variable of the example inventory is in a spec", () => {
  const text = readFileSync(join(CLUSTER, "inventory.example.yml"), "utf8");
  const variables = [...text.matchAll(/^ {4}(?:# )?([a-z_]+): \S/gm)].map(([, variable = ""]) => variable);
  expect(variables).toContain("alert_webhook_url");
  expect(variables.filter((variable) => !specified.has(variable) && !variable.startsWith("ansible_"))).toEqual([]);
});

test("docs/cluster.md has each role, and each variable with its type, default and meaning", () => {
  const text = readFileSync(join(CLUSTER, "../docs/cluster.md"), "utf8");
  expect(roles.map(({ name }) => name).filter((name) => !text.includes(`\n| \`${name}\` |`))).toEqual([]);
  const rows = roles.flatMap(({ name, options }) =>
    [...options].map(([variable, { type, elements, required, default: value, choices, description }]) => {
      const form = choices?.join(", ") ?? (elements === undefined ? type : `${type} of ${elements}`);
      const fallback = required ? "required" : value === undefined ? "" : `\`${JSON.stringify(value)}\``;
      return [name, `\`${variable}\``, form, fallback, description];
    }),
  );
  expectTableInDocs("cluster.md", "variables", [["role", "variable", "type", "default", "meaning"], ...rows]);
});
