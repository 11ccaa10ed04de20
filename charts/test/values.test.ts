import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectTableInDocs } from "../../docs-table.fixture.ts";
import { CASES } from "./cases.fixture.ts";

const CHART = join(import.meta.dirname, "../goldenring");

interface Schema {
  readonly type: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly enum?: readonly string[];
  readonly items?: Schema;
}

interface Value {
  readonly path: string;
  readonly schema: Schema;
  /** Undefined where values.yaml has none. */
  readonly fallback: unknown;
}

const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as Schema;
const defaults: unknown = Bun.YAML.parse(readFileSync(join(CHART, "values.yaml"), "utf8"));

/** An object whose keys are fixed is no value itself. */
function valuesOf({ properties = {}, additionalProperties }: Schema, given: unknown, prefix = ""): Value[] {
  if (prefix === "config." || additionalProperties !== false) return [];
  return Object.entries(properties).flatMap(([name, each]) => {
    const path = `${prefix}${name}`;
    const fallback = Object(given)[name];
    const inner = valuesOf(each, fallback, `${path}.`);
    return inner.length > 0 ? inner : [{ path, schema: each, fallback }];
  });
}

// `global` belongs to charts that contain this one.
const VALUES = valuesOf(schema, defaults).filter(({ path }) => path !== "global");

test("values.yaml has a default for each value of the schema, and no others", () => {
  expect(VALUES.length).toBeGreaterThan(60);
  expect(VALUES.filter(({ fallback }) => fallback === undefined).map(({ path }) => path)).toEqual([]);
  const known = Object.keys(schema.properties ?? {}).filter((name) => name !== "global");
  expect(Object.keys(Object(defaults)).sort()).toEqual(known.sort());
});

test("each switch is on in one golden file and off in another", () => {
  const at = (values: unknown, path: string): unknown =>
    path.split(".").reduce((part, name) => Object(part)[name], values);
  for (const { path, schema: each, fallback } of VALUES) {
    if (each.type !== "boolean") continue;
    const seen = new Set(Object.values(CASES).map((values) => at(values, path) ?? fallback));
    expect([path, ...seen].sort()).toEqual([path, false, true].sort());
  }
});

test("docs/kubernetes.md has each value with its default and meaning", () => {
  const rows = VALUES.map(({ path, schema: each, fallback }) => {
    const choices = each.enum?.map((choice) => (choice === "" ? "empty" : `\`${choice}\``)).join(", ");
    const form = choices ?? [each.type].flat().join(" or ");
    return [`\`${path}\``, form, `\`${JSON.stringify(fallback)}\``, each.description ?? ""];
  });
  expectTableInDocs("kubernetes.md", "values", [["value", "form", "default", "meaning"], ...rows]);
});
