import * as z from "zod";

/** `data.items[].id`: names with dots between them, `[]` is each element of a list. `header:location` is the last part of a header's path. */
const place = z
  .string()
  .regex(/^(?:header:[a-z-]+|(?:[\w$-]+|\[\])(?:\.?\[\]|\.[\w$-]+)*)$/i, "is no place such as data.id or [].id");
const status = z.array(z.int().min(100).max(599)).min(1);
const path = z.string().regex(/^\/[^\s#]*$/, "begins with / and has neither spaces nor #");
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const file = z.string().min(1);

/** They stand in records and reports, so a secret is taken from a variable or a file. */
const REFERENCE = /\$\{(?:file:[^}]+|[A-Za-z_]\w*)\}/;
const SECRET_HEADERS = /authorization|cookie|token|secret|key|password|session/i;
const mustRefer = "takes its value from a variable or a file: ${NAME} or ${file:/path}";
const secret = z.string().regex(REFERENCE, mustRefer);

const headers = z
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be in a header
  .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[^\u0000-\u001f]*$/, "has no line breaks"))
  .superRefine((all, { addIssue }) => {
    for (const [name, value] of Object.entries(all))
      if (SECRET_HEADERS.test(name) && !REFERENCE.test(value))
        addIssue({ code: "custom", path: [name], message: `${mustRefer}, so that it gets into no record` });
  })
  .optional()
  .describe("Headers of the request; `${NAME}` is an environment variable, `${file:/path}` the content of a file");

const body = {
  json: z
    .json()
    .optional()
    .describe('Body, sent as JSON; a text that is one variable alone, such as `"{number}"`, keeps its type'),
  form: z.record(z.string(), z.string()).optional().describe("Body, sent as the fields of an HTML form"),
  body: z.string().optional().describe("Body as it is, sent as application/json unless `headers` have another type"),
};

const shows = z.record(place, scalar).optional();
const DONE = [200, 201, 204];
const doneBy = z.record(place, scalar).optional();

const Start = z.object({
  method: z.enum(["GET", "POST", "PUT"]).default("GET").describe("Method"),
  path: path.describe("Path"),
  headers,
  ...body,
  status: status.default(DONE).describe("Statuses that mean that it is done"),
  take: z
    .record(z.string().regex(/^[a-z]\w*$/i), place)
    .default({})
    .describe("Variables for later requests, by the place of their values in the answer"),
  first: z.int().min(1).max(1_000).default(1).describe("Of several values the first so many; they are used in turn"),
  remove: path.optional().describe("At the end a DELETE is sent to this path"),
});

const Read = z.object({
  path: path.describe(
    "Path; may have variables of `start`, and of a list `{from}`, `{page}`, `{offset}` or `{cursor}`",
  ),
  headers,
  status: status.default([200]).describe("Statuses of a good answer"),
  shows: shows.describe("What a good answer shows, by its place"),
  lists: z
    .union([z.boolean(), z.string()])
    .default(false)
    .describe(
      "true: with all of its pages it shows everything that was written; a text: the writes that have this `key`",
    ),
  next: place.optional().describe("Place of the next page's URL or cursor; `header:link` is the link with rel=next"),
  firstPage: z.int().min(0).max(1).default(1).describe("Number of the first page, where the path has `{page}`"),
});

const Change = z.object({
  method: z.enum(["PUT", "PATCH", "POST"]).default("PUT").describe("Method"),
  path: path.describe("Path, with `{id}`"),
  headers,
  ...body,
  status: status.default(DONE).describe("Statuses that mean that it is done"),
  shows: shows.describe("What the answer must show, by its place"),
  every: z.int().min(2).max(1_000).default(5).describe("Every so-many-th write is a change"),
  count: z.int().min(1).max(1_000).default(4).describe("So many are made at the start, and changed again and again"),
});

const Write = z
  .object({
    method: z.enum(["POST", "PUT", "PATCH"]).default("POST").describe("Method"),
    path: path.describe("Path"),
    headers,
    ...body,
    status: status.default(DONE).describe("Statuses of an acknowledgement"),
    done: doneBy.describe("What else an acknowledgement shows, by its place: `{ success: true }`"),
    id: place.optional().describe("Place of the new thing's id in the answer"),
    shows: shows.describe("What the answer must show, by its place"),
    key: z.string().optional().describe("Name of the lists that show it (`lists`). Default: those with `lists: true`"),
    item: z
      .object({
        path: path.describe("Path with `{id}`, or a search by `{value}`"),
        headers,
        status: status.default([200]).describe("Statuses of a good answer"),
        shows: shows.describe('What it must show as it was written: `{ amount: "{number}" }`'),
        missing: status.default([404, 410]).describe("Statuses that say that it is not there"),
        key: z.string().optional().describe("Its name in the history. Default: its path"),
      })
      .optional()
      .describe("How what was written is read back"),
    change: Change.optional().describe("How it is changed, so that lost changes are found, too"),
    remove: path
      .optional()
      .describe("A DELETE is sent to this path, with `{id}`, when all is judged and nothing was wrong"),
  })
  .superRefine((write, { addIssue }) => {
    const refuse = (message: string, ...at: string[]): void => addIssue({ code: "custom", message, path: at });
    if (!hasVariable(write, "value"))
      refuse(
        'must have {value} in its path, headers or body, so that it can be found again; in YAML with quotes: "{value}"',
      );
    if (write.change && !hasVariable(write.change, "value")) refuse("must have {value} in it", "change");
    if (write.change && write.id === undefined) refuse("needs `id`: the place of the id in the answer", "change");
    const needed = [write.item?.path, write.remove].filter((each) => each?.includes("{id}"));
    if (needed.length > 0 && write.id === undefined) refuse("is needed, because another path has {id} in it", "id");
  });

/** Whether a request has `{name}` where it is replaced. */
function hasVariable({ path, headers, json, form, body }: Partial<z.input<typeof Change>>, name: string): boolean {
  return JSON.stringify([path, headers, json, form, body]).includes(`{${name}}`);
}

/** How a service is read and written, and how its writes are found again: a service file, or the `service` of an experiment. */
export const Service = z
  .object({
    target: z
      .url({ protocol: /^https?$/ })
      .refine(hasNoLogin, "has a login in it: use `basic`")
      .optional()
      .describe("Base URL. Default: the ingress of the stand"),
    from: z
      .enum(["here", "stand"])
      .default("here")
      .describe("`here`: as this computer reaches it; `stand`: from inside the lab's network"),
    headers,
    basic: z
      .object({
        user: z.string().describe("User, or `${NAME}`"),
        password: secret.describe("`${NAME}` or `${file:/path}`"),
      })
      .optional()
      .describe("Login of HTTP (Basic)"),
    session: z
      .object({
        path: path.describe("Path of the login: a POST"),
        ...body,
        token: place.optional().describe("Place of the token in the answer. Without it the answer's cookies are sent"),
        header: z.string().default("Authorization: Bearer {token}").describe("Header that carries the token"),
      })
      .superRefine(({ json, form, body: raw }, { addIssue }) => {
        if (!REFERENCE.test(JSON.stringify([json, form, raw])))
          addIssue({ code: "custom", message: `its password ${mustRefer}` });
      })
      .optional()
      .describe("Login by a request; repeated when an answer is 401"),
    tls: z
      .object({
        ca: file.optional().describe("Certificates that are trusted, PEM; relative to the service file"),
        certificate: file.optional().describe("The client's certificate, PEM"),
        key: file.optional().describe("Its key, PEM"),
      })
      .optional()
      .describe("For https"),
    deadlineMs: z
      .number()
      .min(100)
      .max(600_000)
      .default(35_000)
      .describe("An answer that takes longer (ms) has failed; of a write its outcome is unknown"),
    readDeadlineMs: z.number().min(100).max(600_000).optional().describe("The same for reads, where it differs"),
    load: z
      .object({
        clients: z.int().min(1).max(100).optional().describe("Clients of the probe"),
        intervalMs: z
          .number()
          .min(5)
          .max(60_000)
          .optional()
          .describe("Between two reads, and two writes, of a client (ms)"),
      })
      .optional()
      .describe("Pacing; instead of the experiment's"),
    start: z.array(Start).default([]).describe("Requests that are sent once, before all others"),
    reads: z.array(Read).default([]).describe("What is read, in turn"),
    writes: z.array(Write).default([]).describe("What is written, in turn; may be none"),
    settleSeconds: z
      .number()
      .min(0)
      .max(600)
      .default(10)
      .describe("So long (s) may pass at the end until every node shows all"),
    database: z
      .union([
        z.literal("stand"),
        z.object({
          urlVariable: z
            .string()
            .regex(/^[A-Z_][A-Z0-9_]*$/)
            .describe("Environment variable with the connection string"),
          query: z
            .string()
            .includes("$1", { error: "must have $1 in it: the pattern of the run's values" })
            .describe("SQL: one column with the values; `$1` is the pattern of LIKE that all values of the run fit"),
        }),
      ])
      .optional()
      .describe(
        "Where acknowledged writes must be, each once: tells also what became of writes of unknown outcome. `stand`: the table of the Weather API, on every node",
      ),
  })
  .superRefine(({ reads, writes }, { addIssue }) => {
    if (reads.length === 0 && !writes.some(({ item }) => item))
      addIssue({ code: "custom", message: "needs at least one read", path: ["reads"] });
  });

function hasNoLogin(text: string): boolean {
  const url = URL.parse(text);
  return !url?.username && !url?.password;
}

export type Service = z.infer<typeof Service>;
export type ServiceRead = Service["reads"][number];
export type ServiceWrite = Service["writes"][number];
/** What all requests have. */
export type ServiceRequest = Pick<z.infer<typeof Change>, "path" | "headers" | "json" | "form" | "body">;
