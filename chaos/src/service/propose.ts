import { Document, isNode, isPair } from "yaml";

/** A proposed service file: what was guessed, with remarks on what a person must look at. */
interface Proposal {
  readonly title: string;
  readonly service: Record<string, unknown>;
  readonly marks: readonly Mark[];
}

interface Mark {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Begins the comment of each line that could not be guessed. */
export const MARK = "CHECK:";

/** As YAML, with a comment on each line to look at. */
export function proposalText({ title, service, marks }: Proposal): string {
  const document = new Document(service, { aliasDuplicateObjects: false });
  document.commentBefore = ` ${title}. Made by ring init: look at each line with ${MARK} and try it with\n ring chaos plan CE-01 --service THIS_FILE. All fields: docs/fields.md`;
  for (const { path, text } of marks) {
    const node = document.getIn(path, true);
    const comment = ` ${MARK} ${text}`;
    if (isNode(node)) {
      if ("items" in node) node.commentBefore = comment;
      else node.comment = comment;
    } else if (isPair(node)) document.comment = comment;
    else document.comment = `${document.comment ?? ""}${document.comment ? "\n" : ""}${comment}`;
  }
  return document.toString({ lineWidth: 0 });
}

type Json = Readonly<Record<string, unknown>>;

const asRecord = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Free texts, those first that hold any text. */
const TEXT_FIELDS = "title name note text description summary comment label subject content message".split(" ");
/** Not to be called many times a second. */
const NOT_WRITTEN =
  /login|logout|auth|token|password|session|register|upload|import|search|webhook|email|invite|user|batch|bulk/i;
/** Says whether the service is well. */
const PLAIN = /\/(?:health\w*|ready\w*|live\w*|status|ping|version)\/?$/i;
const PAGE_LENGTH = 100;
const MIN_TEXT_LENGTH = 40;

/** Reads OpenAPI 3.0 and 3.1, and Swagger 2. @param base where the document is, for a server that it names by its path */
export function proposeFromOpenApi(content: unknown, base: string | undefined): Proposal {
  const document = asRecord(content);
  const resolve = (value: unknown, depth = 0): Json => {
    const { $ref, allOf, ...rest } = asRecord(value);
    if (depth > 20) return {};
    if (typeof $ref === "string" && $ref.startsWith("#/")) {
      const keys = $ref
        .slice(2)
        .split("/")
        .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
      return resolve(
        keys.reduce<unknown>((at, key) => asRecord(at)[key], document),
        depth + 1,
      );
    }
    if (!Array.isArray(allOf)) return rest;
    const parts = allOf.map((part) => resolve(part, depth + 1));
    const properties = Object.assign({}, ...parts.map((part) => part.properties), rest.properties);
    return { type: "object", ...rest, properties, required: parts.flatMap(({ required }) => asList(required)) };
  };
  const paths = Object.entries(asRecord(document.paths)).map(([path, item]) => ({ path, item: resolve(item) }));
  const api: Api = {
    document,
    resolve,
    operation: (path, method) => {
      const found = paths.find((each) => each.path === path)?.item[method];
      return found === undefined ? undefined : resolve(found);
    },
    paths: paths.map(({ path }) => path),
  };
  const title = String(asRecord(document.info).title ?? "Service");
  const marks: Mark[] = [];
  const service: Record<string, unknown> = { target: targetOf(document, base) ?? "FILL IN" };
  if (service.target === "FILL IN")
    marks.push({ path: ["target"], text: "the base URL, such as http://127.0.0.1:3000" });
  Object.assign(service, loginOf(api, title, marks));
  const candidates = api.paths
    .flatMap((path) => candidateOf(api, path) ?? [])
    .sort((one, other) => other.score - one.score);
  const [best] = candidates;
  const plain = api.paths.find((path) => PLAIN.test(path) && api.operation(path, "get"));
  const reads: unknown[] = plain === undefined ? [] : [{ path: plain }];
  if (best === undefined) {
    const list = api.paths.find((path) => !path.includes("{") && api.operation(path, "get"));
    service.reads = reads.length > 0 ? reads : [{ path: list ?? "/" }];
    service.writes = [];
    marks.push({
      path: ["writes"],
      text: "no POST with a free text field was found: say what is written, with {value} in it",
    });
    return { title, service, marks };
  }
  const start: unknown[] = [];
  const write = writeOf(api, best, start, marks);
  if (start.length > 0) service.start = start;
  const list = listOf(api, best.path, marks, reads.length);
  if (list === undefined)
    marks.push({
      path: ["list"],
      text: `no GET ${best.path} was found: only a read with lists: true shows what is stored twice`,
    });
  service.reads = [...reads, ...(list ? [list] : [])];
  service.writes = [write];
  if (asList(service.reads).length === 0 && write.item === undefined) {
    service.reads = [{ path: best.path, lists: true }];
    marks.push({ path: ["reads", 0, "path"], text: "a read that shows what was written" });
  }
  return { title, service, marks };
}

interface Api {
  readonly document: Json;
  readonly resolve: (value: unknown) => Json;
  readonly operation: (path: string, method: string) => Json | undefined;
  readonly paths: readonly string[];
}

function targetOf({ servers, host, schemes, basePath }: Json, base: string | undefined): string | undefined {
  const url =
    typeof host === "string"
      ? `${asList(schemes)[0] ?? "http"}://${host}${basePath ?? ""}`
      : asRecord(asList(servers)[0]).url;
  const own = String(url ?? basePath ?? "").replace(/\{(\w+)\}/g, (_, name: string) =>
    String(asRecord(asRecord(asRecord(asList(servers)[0]).variables)[name]).default ?? ""),
  );
  return URL.parse(own, base)?.href.replace(/\/$/, "");
}

export const variableName = (title: string, what: string): string =>
  `${
    title
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]+/g, "_")
      .replaceAll(/^[_\d]+|_$/g, "") || "SERVICE"
  }_${what}`;

function loginOf({ document, resolve }: Api, title: string, marks: Mark[]): Record<string, unknown> {
  const schemes = asRecord(asRecord(document.components).securitySchemes ?? document.securityDefinitions);
  const all = Object.values(schemes).map((scheme) => resolve(scheme));
  const key = all.find((scheme) => scheme.type === "apiKey" && scheme.in === "header");
  const bearer = all.find(
    ({ type, scheme }) => type === "oauth2" || type === "openIdConnect" || String(scheme).toLowerCase() === "bearer",
  );
  const token = `\${${variableName(title, "TOKEN")}}`;
  const needs = "set this environment variable; ${file:/path} reads a file";
  if (bearer || key) {
    const name = bearer ? "Authorization" : String(key?.name);
    marks.push({ path: ["headers", name], text: needs });
    return { headers: { [name]: bearer ? `Bearer ${token}` : token } };
  }
  if (!all.some(({ type, scheme }) => type === "basic" || String(scheme).toLowerCase() === "basic")) return {};
  marks.push({ path: ["basic", "password"], text: needs });
  return { basic: { user: `\${${variableName(title, "USER")}}`, password: `\${${variableName(title, "PASSWORD")}}` } };
}

interface Candidate {
  readonly path: string;
  readonly score: number;
  readonly type: "json" | "form";
  readonly schema: Json;
  readonly field: string;
  /** Of one thing, such as `/orders/{id}`. */
  readonly itemPath: string | undefined;
}

function candidateOf(api: Api, path: string): Candidate | undefined {
  const { operation, resolve, paths } = api;
  const post = operation(path, "post");
  const body = post && bodyOf(post, resolve);
  const field = body && textFieldOf(body.schema, resolve);
  if (body === undefined || field === undefined) return undefined;
  const itemPath = paths.find(
    (each) =>
      each.startsWith(`${path.replace(/\/$/, "")}/{`) &&
      /^\/\{[^/}]+\}\/?$/.test(each.slice(path.replace(/\/$/, "").length)),
  );
  const has = (each: string | undefined, method: string): boolean =>
    each !== undefined && operation(each, method) !== undefined;
  const required = asList(body.schema.required).length;
  const score =
    (has(path, "get") ? 5 : 0) +
    (has(itemPath, "get") ? 5 : 0) +
    (has(itemPath, "delete") ? 2 : 0) +
    (TEXT_FIELDS.includes(field) ? 2 : 0) -
    (NOT_WRITTEN.test(path) ? 8 : 0) -
    3 * (path.split("{").length - 1) -
    required * 0.5;
  return { path, score, ...body, field, itemPath };
}

function bodyOf(
  { requestBody, parameters }: Json,
  resolve: Api["resolve"],
): Pick<Candidate, "type" | "schema"> | undefined {
  const content = Object.entries(asRecord(resolve(requestBody).content));
  const json = content.find(([type]) => /json/.test(type));
  const form = content.find(([type]) => /x-www-form-urlencoded/.test(type));
  const found = json ?? form;
  if (found) return { type: json ? "json" : "form", schema: resolve(asRecord(found[1]).schema) };
  const old = asList(parameters).map((each) => resolve(each));
  const inBody = old.find((each) => each.in === "body");
  if (inBody) return { type: "json", schema: resolve(inBody.schema) };
  const fields = old.filter((each) => each.in === "formData");
  if (fields.length === 0) return undefined;
  const properties = Object.fromEntries(fields.map((each) => [String(each.name), each]));
  return {
    type: "form",
    schema: { properties, required: fields.filter(({ required }) => required).map(({ name }) => name) },
  };
}

function textFieldOf({ properties }: Json, resolve: Api["resolve"]): string | undefined {
  const free = Object.entries(asRecord(properties)).filter(([, field]) => {
    const schema = resolve(field);
    const {
      type,
      format,
      readOnly,
      maxLength = MIN_TEXT_LENGTH,
      pattern,
    } = { ...schema, ...asRecord(asList(schema.anyOf)[0]) } as Json;
    return (
      asList(type).concat(type).includes("string") &&
      !schema.enum &&
      !format &&
      !readOnly &&
      !pattern &&
      Number(maxLength) >= MIN_TEXT_LENGTH
    );
  });
  const names = free.map(([name]) => name);
  return (
    TEXT_FIELDS.find((name) => names.includes(name)) ??
    names.find((name) => !/id$|url|key|code|color|colour/i.test(name)) ??
    undefined
  );
}

function writeOf(api: Api, best: Candidate, start: unknown[], marks: Mark[]): Record<string, unknown> {
  const { resolve, operation } = api;
  const { path, type, schema, field, itemPath } = best;
  const names = new Set([...asList(schema.required).map(String), field]);
  const content = Object.fromEntries(
    [...names].map((name) => {
      if (name === field) return [name, "{value}"];
      const found = fromOtherList(api, name, start);
      if (found !== undefined) return [name, found];
      const { value, doubt } = exampleOf(resolve(asRecord(schema.properties)[name]), resolve);
      if (doubt || /id$/i.test(name))
        marks.push({
          path: ["writes", 0, type, name],
          text: /id$/i.test(name) ? "the id of something that exists" : "a value that the service takes",
        });
      return [name, type === "form" ? String(value) : value];
    }),
  );
  const filledPath = pathWithStart(api, path, start, marks);
  const post = operation(path, "post") ?? {};
  const answers = Object.entries(asRecord(post.responses)).filter(([status]) => /^2\d\d$/.test(status));
  const status = answers.map(([each]) => Number(each));
  const id = answers
    .map(([, answer]) => idIn(answerSchema(resolve(answer), resolve), resolve))
    .find((each) => each !== undefined);
  const hasLocation = answers.some(([, answer]) =>
    Object.keys(asRecord(resolve(answer).headers)).some((name) => name.toLowerCase() === "location"),
  );
  const place = id ?? (hasLocation ? "header:location" : undefined);
  const write: Record<string, unknown> = { path: filledPath, [type]: content, ...(status.length > 0 && { status }) };
  const hasItem = itemPath !== undefined && operation(itemPath, "get") !== undefined;
  const ofItem =
    itemPath &&
    `${filledPath.replace(/\/$/, "")}${itemPath.slice(path.replace(/\/$/, "").length).replace(/\{[^}]+\}/, "{id}")}`;
  const canRemove = itemPath !== undefined && operation(itemPath, "delete") !== undefined;
  if (hasItem || canRemove) {
    write.id = place ?? "id";
    if (place === undefined)
      marks.push({ path: ["writes", 0, "id"], text: "where the answer has the new id, such as data.id" });
  }
  if (hasItem) write.item = { path: ofItem };
  else
    marks.push({
      path: ["item"],
      text: `no GET of one thing was found: writes[0].item: { path: ${filledPath}/{id} } would read it back`,
    });
  if (canRemove) write.remove = ofItem;
  else marks.push({ path: ["remove"], text: "what is written stays in the service: writes[0].remove would delete it" });
  return write;
}

function answerSchema({ content, schema }: Json, resolve: Api["resolve"]): Json {
  const [, json] = Object.entries(asRecord(content)).find(([type]) => /json/.test(type)) ?? [];
  return resolve(json === undefined ? schema : asRecord(json).schema);
}

/** `id`, `data.id`; undefined where no answer has one. */
function idIn(schema: Json, resolve: Api["resolve"], depth = 0): string | undefined {
  const properties = Object.entries(asRecord(schema.properties));
  const own =
    ["id", "uuid", "_id"].find((name) => properties.some(([each]) => each === name)) ??
    properties.find(([name]) => /[_a-z](?:_id|Id)$/.test(name))?.[0];
  if (own !== undefined || depth > 1) return own;
  for (const [name, field] of properties) {
    const inner = idIn(resolve(field), resolve, depth + 1);
    if (inner !== undefined) return `${name}.${inner}`;
  }
  return undefined;
}

function exampleOf(
  schema: Json,
  resolve: Api["resolve"],
  depth = 0,
): { readonly value: unknown; readonly doubt?: boolean } {
  const [first] = asList(schema.anyOf ?? schema.oneOf);
  if (first !== undefined && depth < 5)
    return exampleOf({ ...resolve(first), ...schema, anyOf: undefined, oneOf: undefined }, resolve, depth + 1);
  const given = [schema.example, asList(schema.examples)[0], schema.default, asList(schema.enum)[0], schema.const].find(
    (each) => each !== undefined,
  );
  if (given !== undefined) return { value: given };
  const [type] = asList(schema.type)
    .concat(schema.type)
    .filter((each) => each !== "null" && !Array.isArray(each));
  if (type === "integer" || type === "number") return { value: Number(schema.minimum ?? 1) };
  if (type === "boolean") return { value: false };
  if (type === "array")
    return Number(schema.minItems ?? 0) === 0
      ? { value: [] }
      : { value: [exampleOf(resolve(schema.items), resolve, depth + 1).value], doubt: true };
  if (type === "object" || schema.properties) {
    const required = depth > 4 ? [] : asList(schema.required).map(String);
    return {
      value: Object.fromEntries(
        required.map((name) => [name, exampleOf(resolve(asRecord(schema.properties)[name]), resolve, depth + 1).value]),
      ),
    };
  }
  if (schema.format === "date-time") return { value: "{time}" };
  return {
    value: schema.format === "date" ? "2026-01-31" : "text",
    doubt: schema.format !== undefined || schema.pattern !== undefined,
  };
}

/** `category_id` from the list of categories, where there is one. @returns `{category_id}` */
function fromOtherList({ paths, operation }: Api, name: string, start: unknown[]): string | undefined {
  const [, thing] = /^(.+?)(?:_id|Id)$/.exec(name) ?? [];
  if (thing === undefined) return undefined;
  const stem = thing.toLowerCase().replaceAll("_", "").replace(/y$/, "");
  const list = paths.find((path) => {
    const last = path.split("/").filter(Boolean).at(-1)?.toLowerCase().replaceAll(/[_-]/g, "") ?? "";
    return (
      !path.includes("{") &&
      last.startsWith(stem) &&
      /^(?:s|es|y|ies)?$/.test(last.slice(stem.length)) &&
      operation(path, "get")
    );
  });
  if (list === undefined) return undefined;
  start.push({ path: list, take: { [name]: "[].id" } });
  return `{${name}}`;
}

/** `/projects/{project}/tasks`: a project is taken from the list of projects. */
function pathWithStart({ operation }: Api, path: string, start: unknown[], marks: Mark[]): string {
  return path.replace(/\{([^}]+)\}/g, (whole, parameter: string, at: number) => {
    const list = path.slice(0, at - 1);
    const name = parameter.replaceAll(/\W/g, "");
    if (!list.includes("{") && operation(list, "get")) start.push({ path: list, take: { [name]: "[].id" } });
    else marks.push({ path: ["writes", 0, "path"], text: `${whole}: put the id of something that exists` });
    return `{${name}}`;
  });
}

function listOf(
  { operation, resolve, document }: Api,
  path: string,
  marks: Mark[],
  index: number,
): Record<string, unknown> | undefined {
  const get = operation(path, "get");
  if (get === undefined) return undefined;
  const item = resolve(asRecord(document.paths)[path]);
  const parameters = [...asList(get.parameters), ...asList(item.parameters)].map((each) => resolve(each));
  const query = parameters.filter((each) => each.in === "query");
  const named = (pattern: RegExp) => query.find(({ name }) => pattern.test(String(name)));
  const page = named(/^(?:page|page\[number\]|p|pageNumber|page_number)$/i);
  const offset = named(/^(?:offset|skip|start|page\[offset\])$/i);
  const cursor = named(/^(?:cursor|after|starting_after|page_token|pageToken|continuation)$/i);
  const size = named(/^(?:limit|per_page|page_size|perPage|pageSize|size|take|page\[size\]|page\[limit\])$/i);
  const { maximum = PAGE_LENGTH } = { ...size, ...resolve(size?.schema) };
  const turn = page ? [[page, "{page}"]] : offset ? [[offset, "{offset}"]] : cursor ? [[cursor, "{cursor}"]] : [];
  const all = [
    ...(size ? [[size, Math.min(PAGE_LENGTH, Number(maximum))] as const] : []),
    ...(turn as [Json, string][]),
  ];
  const words = all.map(([{ name }, value]) => `${name}=${value}`).join("&");
  const schema = answerSchema(
    resolve(Object.entries(asRecord(get.responses)).find(([status]) => /^2/.test(status))?.[1]),
    resolve,
  );
  const fields = Object.keys(asRecord(schema.properties));
  const next = fields.find((name) => /^(?:next|next_?cursor|next_?page_?token|next_?url)$/i.test(name));
  const at = { path: ["reads", index, "path"] };
  if (turn.length === 0 && next === undefined)
    marks.push({
      ...at,
      text: "it must show everything: if it has pages, say how they follow ({page}, {offset}, or next)",
    });
  if (cursor && turn[0]?.[0] === cursor && next === undefined)
    marks.push({ ...at, text: "say with next: where the answer has the next cursor" });
  return {
    path: words === "" ? path : `${path}?${words}`,
    lists: true,
    ...(next !== undefined && turn[0]?.[0] !== page && { next }),
  };
}
