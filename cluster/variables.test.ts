import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The argument_specs of the roles are the source of the table of variables in docs/cluster.md. */

const CLUSTER = import.meta.dir;
const DOCS = join(CLUSTER, "../docs/cluster.md");
const TABLE = /(<!-- variables: begin .*-->\n)[\s\S]*?(?=<!-- variables: end -->)/;

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
  /** Of all its entry points. */
  readonly options: ReadonlyMap<string, Option>;
  readonly defaults: Readonly<Record<string, unknown>>;
}

const roles = readdirSync(join(CLUSTER, "roles")).sort().map(readRole);

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

test.each(roles)("the spec of $name has each variable of its defaults, and no other default", ({ options, defaults }) => {
  expect(Object.keys(defaults).filter((variable) => !options.has(variable))).toEqual([]);
  for (const [variable, { default: stated, required }] of options) {
    if (required) expect(defaults).not.toHaveProperty(variable);
    if (stated !== undefined) expect({ [variable]: defaults[variable] }).toEqual({ [variable]: stated });
    else if (variable in defaults && fitsTable(defaults[variable])) throw new Error(`${variable}: its spec has no default`);
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
  const known = new Set(roles.flatMap(({ options }) => [...options.keys()]));
  expect(variables.filter((variable) => !known.has(variable) && !variable.startsWith("ansible_"))).toEqual([]);
});

test("docs/cluster.md has each role, and each variable with its type, default and meaning", () => {
  const text = readFileSync(DOCS, "utf8");
  expect(text).toMatch(TABLE);
  expect(roles.map(({ name }) => name).filter((name) => !text.includes(`\n| \`${name}\` |`))).toEqual([]);
  const current = text.replace(TABLE, (_, begin: string) => `${begin}\n${table()}\n`);
  if (text === current) return;
  writeFileSync(DOCS, current);
  throw new Error("docs/cluster.md did not have the variables of the specs; its table is rewritten now: commit it");
});

function table(): string {
  const rows = roles.flatMap(({ name, options }) =>
    [...options].map(([variable, { type, elements, required, default: value, choices, description }]) => {
      const form = choices?.join(", ") ?? (elements === undefined ? type : `${type} of ${elements}`);
      const fallback = required ? "required" : value === undefined ? "" : `\`${JSON.stringify(value)}\``;
      return `| ${name} | \`${variable}\` | ${form} | ${fallback} | ${description} |\n`;
    }),
  );
  return `| role | variable | type | default | meaning |\n|---|---|---|---|---|\n${rows.join("")}`;
}
