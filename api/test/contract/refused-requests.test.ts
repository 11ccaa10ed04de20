import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { apiUnderTest } from "../client/api-under-test.ts";
import { type Asking, ask } from "../client/ask.ts";
import type { Answer } from "../client/connection.ts";
import { expectFieldErrors, expectProblem } from "../client/problem.ts";

const BODY_LIMIT = 65_536;

const api = apiUnderTest();

/** Everything that stores or changes something. */
const WRITES = ["POST /Cities", "PUT /Cities/1", "POST /Forecast/1", "PUT /Forecast/1"] as const;

const GOOD: Record<(typeof WRITES)[number], string> = {
  "POST /Cities": '{"name":"x"}',
  "PUT /Cities/1": '{"name":"x"}',
  "POST /Forecast/1": '{"dateTime":1,"temperature":1}',
  "PUT /Forecast/1": '{"dateTime":1,"temperature":1}',
};

async function onEachWrite(asking: Asking, check: (answer: Answer) => void): Promise<void> {
  for (const write of WRITES) check(await ask(api, write, asking));
}

const contents = () =>
  api.sql(`SELECT (SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM cities c) AS cities,
                  (SELECT md5(string_agg(f::text, ',' ORDER BY id)) FROM forecast f) AS forecast`);

let before: Awaited<ReturnType<typeof contents>>;
beforeEach(async () => {
  before = await contents();
});
afterEach(async () => {
  // Nothing of what these tests send may be stored, not even a part of it.
  expect(await contents()).toEqual(before);
});

describe("a body", () => {
  test("that is no JSON is 400", async () => {
    const bodies = [
      "",
      " ",
      "{",
      '{"name":"x"',
      '{"name":"x"}}',
      '{"name":"x"} x',
      "{'name':'x'}",
      '{name:"x"}',
      '{"name":"x",}',
      '{"name":undefined}',
      '{"name":NaN,"dateTime":NaN}',
      '{"dateTime":01,"temperature":1}',
      '{"dateTime":+1,"temperature":1}',
      '{"dateTime":.5,"temperature":1}',
      '{"dateTime":1.,"temperature":1}',
      '{"dateTime":0x10,"temperature":1}',
      '{"dateTime":9223372036854775807,"temperature":1',
      '{"name":"\t"}',
      '{"name":"\\x41"}',
      '{"name":"\\ud83"}',
      '// comment\n{"name":"x"}',
      "name=x",
      "<name>x</name>",
      "undefined",
      "\0",
    ];
    for (const body of bodies) {
      await onEachWrite({ body }, (answer) => expect(expectProblem(answer, 400).errors).toBeUndefined());
    }
    await onEachWrite({ headers: { "content-type": "application/json" } }, (answer) => expectProblem(answer, 400));
  });

  test("that is no UTF-8 is 400", async () => {
    const bodies = [
      Buffer.from('{"name":"é","dateTime":1,"temperature":1}', "latin1"),
      Buffer.from('{"name":"x","dateTime":1,"temperature":1}', "utf16le"),
      Buffer.concat([Buffer.from('{"name":"'), Buffer.of(0xed, 0xa0, 0x80), Buffer.from('"}')]),
      Buffer.concat([Buffer.from('{"name":"'), Buffer.of(0xc0, 0x80), Buffer.from('"}')]),
    ];
    for (const body of bodies) await onEachWrite({ body }, (answer) => expectProblem(answer, 400));
  });

  test("that is no object is 400", async () => {
    for (const body of ["null", "[]", '[{"name":"x"}]', "5", '"x"', "true", "123456789012345678901234567890"]) {
      await onEachWrite({ body }, (answer) => expectFieldErrors(answer, "$"));
    }
  });

  test("that is nested very deeply is 400", async () => {
    const depth = 30_000;
    for (const body of [
      "[".repeat(depth),
      "[".repeat(depth) + "]".repeat(depth),
      `{"summary":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
      `{"name":${"[".repeat(depth)}1234567890123456789${"]".repeat(depth)},"dateTime":[]}`,
      `{"name":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)},"dateTime":{}}`,
    ]) {
      await onEachWrite({ body }, (answer) => expectProblem(answer, 400));
    }
  });

  test("whose fields are inherited or misspelt only is 400", async () => {
    for (const body of ['{"__proto__":{"name":"x"}}', '{"constructor":{"prototype":{"name":"x"}}}', '{"nаme":"x"}']) {
      for (const write of ["POST /Cities", "PUT /Cities/1"])
        expect(expectProblem(await ask(api, write, { body }), 400).errors).toEqual({ name: ["is required"] });
    }
  });
});

describe("a body that is too long", () => {
  const tooLong = (bytes: number) => JSON.stringify({ temperature: "", name: "x".repeat(bytes - 28) });

  test("is 413 from the first byte over the limit, with its length given", async () => {
    expect(tooLong(BODY_LIMIT + 1).length).toBe(BODY_LIMIT + 1);
    for (const length of [BODY_LIMIT + 1, 200_000, 1_200_000, 8_000_000]) {
      await onEachWrite({ body: tooLong(length) }, (answer) => expectProblem(answer, 413));
    }
    await onEachWrite({ body: tooLong(BODY_LIMIT) }, (answer) => expectProblem(answer, 400));
  });

  test("is 413 as well when it comes in chunks of unknown total", async () => {
    for (const length of [BODY_LIMIT + 1, 200_000, 3_000_000]) {
      const text = tooLong(length);
      const chunks = Array.from({ length: Math.ceil(length / 20_000) }, (_, i) =>
        text.slice(i * 20_000, (i + 1) * 20_000),
      );
      await onEachWrite({ body: chunks }, (answer) => expectProblem(answer, 413));
    }
    const atTheLimit = tooLong(BODY_LIMIT);
    await onEachWrite({ body: [atTheLimit.slice(0, 9), atTheLimit.slice(9)] }, (answer) => expectProblem(answer, 400));
  });

  test("is 413 already when its declared length is too long, and the server does not wait for it", async () => {
    const headers = { "content-length": "100000000" };
    await onEachWrite({ body: "{}", headers, deadlineMs: 2_000 }, (answer) => expectProblem(answer, 413));
  });
});

describe("a body that is far too long", () => {
  test("is answered 413 also where the connection ends with the answer, while the client is still sending", async () => {
    for (const connection of ["close", "keep-alive"]) {
      const connectionHeader = { connection };
      const body = Buffer.alloc(20_000_000, "x");
      const chunks = Array.from({ length: 100 }, (_, index) => body.subarray(index * 200_000, (index + 1) * 200_000));
      for (const sent of [body, chunks])
        expectProblem(await ask(api, "POST /Cities", { body: sent, headers: connectionHeader }), 413);
    }
  });

  test("is answered after a bounded time where its client neither goes on nor ends", async () => {
    const headers = { connection: "close", "content-length": "100000000" };
    expectProblem(await ask(api, "POST /Cities", { body: "{", headers, deadlineMs: 9_000 }), 413);
  });
});

describe("a body of another kind", () => {
  test("is 415 when the media type is missing or another one", async () => {
    for (const write of WRITES) {
      const types = [null, "", "text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded"];
      const odd = ["application/jsonx", "xapplication/json", "multipart/form-data; boundary=x", "json", "*/*", ";"];
      for (const type of [...types, ...odd]) {
        const answer = await ask(api, write, { body: GOOD[write], headers: { "content-type": type } });
        expectProblem(answer, 415);
        expect(answer.header("accept")).toBe("application/json");
      }
    }
  });

  test("is 415 when the charset is another one than UTF-8", async () => {
    for (const charset of ["latin1", "iso-8859-1", "utf-16", "windows-1251", '"utf-16"', ""]) {
      const headers = { "content-type": `application/json; charset=${charset}` };
      for (const write of WRITES) expectProblem(await ask(api, write, { body: GOOD[write], headers }), 415);
    }
  });

  test("is 415 when it is compressed", async () => {
    for (const encoding of ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip"]) {
      const headers = { "content-encoding": encoding };
      for (const write of WRITES) expectProblem(await ask(api, write, { body: gzipSync(GOOD[write]), headers }), 415);
    }
  });
});

describe("a method", () => {
  const ALLOWED = {
    "/Cities": "GET, HEAD, POST, OPTIONS",
    "/Cities/1": "GET, HEAD, PUT, OPTIONS",
    "/Cities/x": "GET, HEAD, PUT, OPTIONS",
    "/Forecast": "GET, HEAD, OPTIONS",
    "/Forecast/1": "GET, HEAD, POST, PUT, OPTIONS",
    "/WeatherForecast": "GET, HEAD, OPTIONS",
    "/healthz/live": "GET, HEAD, OPTIONS",
    "/healthz/ready": "GET, HEAD, OPTIONS",
    "/healthz/database": "GET, HEAD, OPTIONS",
    "/metrics": "GET, HEAD, OPTIONS",
    "/swagger/v1/swagger.json": "GET, HEAD, OPTIONS",
    "/swagger/v1/swagger-3.0.json": "GET, HEAD, OPTIONS",
  };

  test("that a path does not have is 405 and Allow names those it has", async () => {
    for (const [path, allowed] of Object.entries(ALLOWED)) {
      for (const method of ["DELETE", "PATCH", "POST", "PUT", "TRACE"]) {
        if (allowed.split(", ").includes(method)) continue;
        const answer = await ask(api, `${method} ${path}`, { json: { name: "x", dateTime: 1, temperature: 1 } });
        expectProblem(answer, 405);
        expect(answer.header("allow")).toBe(allowed);
      }
    }
  });

  test("OPTIONS is answered with Allow and without a body", async () => {
    for (const [path, allowed] of Object.entries(ALLOWED)) {
      const answer = await ask(api, `OPTIONS ${path}`);
      expect([answer.status, answer.text]).toEqual([204, ""]);
      expect(answer.header("allow")).toBe(allowed);
    }
    expectProblem(await ask(api, "OPTIONS /nowhere"), 404);
  });
});
