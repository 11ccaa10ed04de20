import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import { messageOf } from "@goldenring/stand";
import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import { describe, formOf, lookUp, nearest, type Path, suggestion, unknownFields, written } from "./form.ts";

const unusable = (message: string): CommandError => new CommandError(message, "usage");

interface Source {
  readonly content: unknown;
  /** Of the place, or of what is nearest around it; undefined in a module. */
  readonly lineOf: (path: Path) => number | undefined;
}

/**
 * Reads a file that a person has written: YAML, JSON, or a module whose default export is the content.
 *
 * @param what such as "experiment" @throws {CommandError} (usage) with every place that is wrong: its line, what is written, and what is meant
 */
export async function readOwnFile<Schema extends z.ZodType>(
  file: string,
  what: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { content, lineOf } = await sourceOf(resolve(file));
  const { data, error } = schema.safeParse(content);
  const problems = problemsIn(schema, content, error?.issues ?? []);
  if (error === undefined && problems.length === 0) return data as z.output<Schema>;
  const lines = problems.map(({ path, text }) => {
    const line = lineOf(path);
    const place = path
      .map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`))
      .join("")
      .replace(/^\./, "");
    return `  ${[line === undefined ? [] : `line ${line}`, place === "" ? [] : place].flat().join(", ") || what}: ${text}`;
  });
  throw unusable(`${file} is no ${what}:\n${lines.join("\n")}`);
}

/** Reads YAML, JSON or a module. @throws {CommandError} (usage) */
export async function sourceOf(file: string): Promise<Source> {
  try {
    if (![".json", ".yml", ".yaml"].includes(extname(file))) {
      const module: { readonly default?: unknown } = await import(pathToFileURL(file).href);
      return { content: module.default, lineOf: () => undefined };
    }
    return yamlSource(await readFile(file, "utf8"));
  } catch (error) {
    throw unusable(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** JSON is YAML, too. @throws on what is neither */
function yamlSource(text: string): Source {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: true });
  const [error] = document.errors;
  if (error) throw error;
  const lineOf = (path: Path): number | undefined => {
    const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
    const key = isMap(parent)
      ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === path.at(-1))?.key
      : undefined;
    const node = isNode(key) ? key : document.getIn(path, true);
    const range = isNode(node) ? node.range : undefined;
    if (range) return lineCounter.linePos(range[0]).line;
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1));
  };
  return { content: document.toJS(), lineOf };
}

interface Problem {
  readonly path: Path;
  readonly text: string;
}

function problemsIn(schema: z.ZodType, content: unknown, issues: readonly z.core.$ZodIssue[]): Problem[] {
  const form = formOf(schema);
  const unknown = unknownFields(form, content);
  const explained = new Set<string>();
  const ofFields = unknown.map((field): Problem => {
    const { path, value, within } = field;
    const found = suggestion(field);
    if (found) explained.add([...path.slice(0, -1), found.field].join("."));
    const names = Object.keys(within.properties ?? {}).join(", ");
    return {
      path,
      text: `there is no such field; ${written(value)} is written. ${found ? `Meant is perhaps ${found.text}` : "The fields are"}${found ? "" : ` ${names}`}.`,
    };
  });
  const ofValues = issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
    const { form: expected, value } = lookUp(form, content, path);
    if (value === undefined && explained.has(path.join("."))) return [];
    // Ours are predicates: "is no name of a unit".
    const isOurs = !/^(?:Invalid|Too (?:big|small)|Unrecognized|No matching)/.test(issue.message);
    const about = expected.description ? ` (${expected.description})` : "";
    if (value === undefined && !isOurs) return [{ path, text: `is missing: ${describe(expected)}${about}` }];
    const is = value === undefined || typeof value === "object" ? "" : `${written(value)}: `;
    if (isOurs) return [{ path, text: `${is}${issue.message}` }];
    const similar = typeof value === "string" && expected.enum ? nearest(value, expected.enum.map(String)) : undefined;
    const hint = similar === undefined ? "" : `; perhaps ${similar}`;
    return [{ path, text: `${written(value)} is written; meant is ${describe(expected)}${hint}` }];
  });
  return [...ofFields, ...ofValues];
}
