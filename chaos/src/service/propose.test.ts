import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MARK, proposalText, proposeFromOpenApi } from "./propose.ts";
import { proposeFromCurl } from "./propose-from-curl.ts";
import { readService } from "./read-service.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-init-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The service of the text, and its marked lines. */
async function read(text: string) {
  const file = join(folder, "own.service.yml");
  writeFileSync(file, text);
  return { service: await readService(file), marked: text.split("\n").filter((line) => line.includes(MARK)) };
}

const fromOpenApi = (document: unknown, base?: string) => read(proposalText(proposeFromOpenApi(document, base)));

const ORDER = {
  type: "object",
  required: ["note", "customer_id", "amount", "kind"],
  properties: {
    code: { type: "string", maxLength: 10 },
    note: { type: "string" },
    customer_id: { type: "integer" },
    amount: { type: "integer", minimum: 3 },
    kind: { type: "string", enum: ["retail", "trade"] },
  },
};
const answer = (schema: object) => ({ description: "", content: { "application/json": { schema } } });
const query = (name: string, schema: object = { type: "integer" }) => ({ in: "query", name, schema });

const OPENAPI_3 = {
  openapi: "3.1.0",
  info: { title: "Shop API", version: "1" },
  servers: [{ url: "/api" }],
  components: {
    securitySchemes: { key: { type: "http", scheme: "bearer" } },
    schemas: {
      Order: ORDER,
      Stored: { allOf: [{ $ref: "#/components/schemas/Order" }, { properties: { id: { type: "integer" } } }] },
    },
  },
  paths: {
    "/login": {
      post: {
        requestBody: { content: { "application/json": { schema: { properties: { name: { type: "string" } } } } } },
        responses: {},
      },
    },
    "/orders/findByStatus": { get: { responses: {} } },
    "/healthz": { get: { responses: {} } },
    "/customers": { get: { responses: { 200: answer({ type: "array" }) } } },
    "/orders": {
      get: {
        parameters: [query("page"), query("per_page", { type: "integer", maximum: 50 })],
        responses: { 200: answer({ properties: { items: { type: "array" } } }) },
      },
      post: {
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Order" } } } },
        responses: { 201: answer({ properties: { data: { $ref: "#/components/schemas/Stored" } } }) },
      },
    },
    "/orders/{orderId}": { get: { responses: {} }, delete: { responses: {} } },
  },
};

test("from OpenAPI 3 comes a POST with a free text, the list and the item that show it, and everything that it needs", async () => {
  const { service, marked } = await fromOpenApi(OPENAPI_3, "https://shop.internal/openapi.json");
  expect(service).toMatchObject({
    target: "https://shop.internal/api",
    headers: { Authorization: "Bearer ${SHOP_API_TOKEN}" },
    start: [{ path: "/customers", take: { customer_id: "[].id" } }],
    reads: [{ path: "/healthz" }, { path: "/orders?per_page=50&page={page}", lists: true }],
    writes: [
      {
        path: "/orders",
        json: { note: "{value}", customer_id: "{customer_id}", amount: 3, kind: "retail" },
        status: [201],
        id: "data.id",
        item: { path: "/orders/{id}" },
        remove: "/orders/{id}",
      },
    ],
  });
  expect(marked).toEqual([
    expect.stringContaining(MARK),
    expect.stringMatching(/Authorization: .*# CHECK: set this environment variable/),
  ]);
});

test("from Swagger 2 as well; what could not be guessed is marked", async () => {
  const { service, marked } = await fromOpenApi({
    swagger: "2.0",
    info: { title: "Notes", version: "1" },
    host: "notes.internal:8080",
    basePath: "/v1",
    paths: {
      "/notes": {
        get: { responses: { 200: { description: "", schema: { type: "array" } } } },
        post: {
          parameters: [
            {
              in: "body",
              name: "body",
              schema: {
                required: ["text", "owner_id"],
                properties: { text: { type: "string" }, owner_id: { type: "string" } },
              },
            },
          ],
          responses: { 201: { description: "" } },
        },
      },
    },
  });
  expect(service).toMatchObject({
    target: "http://notes.internal:8080/v1",
    writes: [{ path: "/notes", json: { text: "{value}" } }],
  });
  expect(marked.join("\n")).toMatch(/owner_id: text # CHECK: the id of something that exists/);
  expect(marked.join("\n")).toMatch(/path: \/notes # CHECK: it must show everything/);
  expect(marked.join("\n")).toMatch(/# CHECK: no GET of one thing was found/);
});

test("without a POST that takes a text, that is what is marked", async () => {
  const { service, marked } = await fromOpenApi({
    openapi: "3.0.0",
    servers: [{ url: "http://x" }],
    paths: { "/a": { get: {} } },
  });
  expect([service.writes, marked.join()]).toEqual([[], expect.stringContaining("no POST with a free text field")]);
});

test("from a command line of curl, without its secrets", async () => {
  const { name, text } = proposeFromCurl(
    `curl 'http://shop.internal:8080/api/orders' -X POST -H 'Authorization: Bearer abc123' \\\n -H "Content-Type: application/json" -u me:hunter2 --data-raw '{"note":"a first order","amount":1}'`,
  );
  const { service, marked } = await read(text);
  expect(name).toBe("shop-internal");
  expect(service).toMatchObject({
    target: "http://shop.internal:8080",
    headers: { Authorization: "Bearer ${SHOP_INTERNAL_TOKEN}" },
    basic: { user: "me" },
    writes: [
      { method: "POST", path: "/api/orders", json: { note: "{value}", amount: 1 }, item: { path: "/api/orders/{id}" } },
    ],
  });
  expect(text).not.toMatch(/abc123|hunter2/);
  expect(marked.length).toBeGreaterThan(4);
  const form = await read(proposeFromCurl("curl -d 'text=hello&kind=x' http://127.0.0.1:1/notes").text);
  expect(form.service.writes).toMatchObject([{ form: { text: "{value}", kind: "x" } }]);
});
