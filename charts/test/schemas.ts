/**
 * Makes the schemas that kubeconform reads, strict ones: `bun schemas.ts FROM TO`. FROM has the OpenAPI documents of Kubernetes (VERSION.json) and
 * CustomResourceDefinitions (*.yaml); TO gets VERSION/KIND-GROUP-APIVERSION.json and resources/GROUP_KIND_APIVERSION.json.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Those of the chart. kubeconform fails for a kind that has no schema. */
const KINDS = new Set([
  ...["ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job", "NetworkPolicy"],
  ...["Pod", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount"],
]);

interface Schema {
  readonly [name: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
}

interface Resource {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const [from = "", to = ""] = process.argv.slice(2);

/** Unknown fields are mistakes. Conditions (`anyOf` and others) name only some fields, so they stay as they are. */
function strict(schema: Schema): Schema {
  if (schema["x-kubernetes-int-or-string"] === true || schema.format === "int-or-string")
    return { type: ["integer", "string"] };
  const { properties, items, additionalProperties, ...rest } = schema;
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true;
  return {
    ...rest,
    ...(items === undefined ? {} : { items: strict(items) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: strict(additionalProperties) } : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, strict(each)])),
          ...(isOpen ? {} : { additionalProperties: false }),
        }),
  };
}

/** The definitions that a schema needs, and those that they need. */
function closure(schema: Schema, all: Readonly<Record<string, Schema>>, found: Record<string, Schema> = {}) {
  for (const [, name = ""] of JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    const next = all[name];
    if (found[name] !== undefined || next === undefined) continue;
    found[name] = strict(next);
    closure(next, all, found);
  }
  return found;
}

function write(folder: string, name: string, schema: object): void {
  mkdirSync(join(to, folder), { recursive: true });
  const draft = { $schema: "http://json-schema.org/draft-07/schema#", ...schema };
  writeFileSync(join(to, folder, `${name}.json`.toLowerCase()), JSON.stringify(draft));
}

for (const file of readdirSync(from)) {
  const text = readFileSync(join(from, file), "utf8");
  if (file.endsWith(".json")) {
    const { definitions } = JSON.parse(text) as { definitions: Record<string, Schema> };
    for (const schema of Object.values(definitions)) {
      for (const { group, version, kind } of schema["x-kubernetes-group-version-kind"] ?? []) {
        if (!KINDS.has(kind)) continue;
        const name = [kind, ...(group === "" ? [] : [group.split(".")[0]]), version].join("-");
        write(file.slice(0, -".json".length), name, { ...strict(schema), definitions: closure(schema, definitions) });
      }
    }
  } else if (file.endsWith(".yaml")) {
    const { spec } = Bun.YAML.parse(text) as Resource;
    for (const { name, schema } of spec.versions)
      write("resources", `${spec.group}_${spec.names.kind}_${name}`, strict(schema.openAPIV3Schema));
  }
}
