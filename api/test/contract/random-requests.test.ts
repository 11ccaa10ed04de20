import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { apiUnderTest } from "../client/api-under-test.ts";
import { type Asking, ask } from "../client/ask.ts";
import type { Answer } from "../client/connection.ts";
import { expectProblem } from "../client/problem.ts";

const api = apiUnderTest();

/** No request of these may take longer: it would be a hang. */
const DEADLINE_MS = 5_000;

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const storableText = (maxLength: number) =>
  fc.string({ unit: "binary", maxLength, size: "max" }).map((any) => any.replaceAll("\0", ""));
const name = storableText(255)
  .map((text) => text.replace(/\p{Cc}/gu, ""))
  .filter((text) => text.trim() !== "");
const cityId = fc.integer({ min: 1, max: 9 });
const value = fc.record({
  dateTime: fc.tuple(int64, fc.boolean()),
  temperature: fc.tuple(int32, fc.boolean()),
  summary: fc.oneof(fc.constant(null), fc.constant(undefined), storableText(300)),
});

type Value = typeof value extends fc.Arbitrary<infer T> ? T : never;

function literal([number, asText]: readonly [bigint | number, boolean]): string {
  return asText ? `"${number}"` : `${number}`;
}

function bodyOf({ dateTime, temperature, summary }: Value, more = ""): string {
  const text = summary === undefined ? "" : `,"summary":${JSON.stringify(summary)}`;
  return `{${more}"dateTime":${literal(dateTime)},"temperature":${literal(temperature)}${text}}`;
}

function rowOf(id: number, cityId: number, { dateTime, temperature, summary }: Value): string {
  return `{"id":${id},"cityId":${cityId},"dateTime":${dateTime[0]},"temperature":${temperature[0]},"summary":${JSON.stringify(summary ?? null)}}`;
}

interface Counts {
  readonly cities: number;
  readonly values: number;
}

async function counts(): Promise<Counts> {
  const [row] = await api.sql<{ cities: number; values: number }>(
    "SELECT (SELECT count(*)::int FROM cities) AS cities, (SELECT count(*)::int FROM forecast) AS values",
  );
  if (!row) throw new Error("no counts");
  return row;
}

let expected: Counts;
let pageIsBuilt: boolean;
beforeAll(async () => {
  expected = await counts();
  pageIsBuilt = (await ask(api, "GET /")).status === 200;
});

/** Counts what the API said it added; `afterEach` holds the tables against it. */
function countAdded(answer: Answer): void {
  const isCity = Object.hasOwn(answer.json<object>(), "name");
  expected = {
    cities: expected.cities + (isCity ? 1 : 0),
    values: expected.values + (isCity ? 0 : 1),
  };
}

afterEach(async () => {
  expect(await counts()).toEqual(expected);
  expect(
    await api.sql(`SELECT 'city' AS what, id FROM cities WHERE name IS NULL OR length(name) NOT BETWEEN 1 AND 255
      UNION ALL SELECT 'value', id FROM forecast f
      WHERE "dateTime" IS NULL OR temperature IS NULL OR NOT EXISTS (SELECT FROM cities c WHERE c.id = f."cityId")`),
  ).toEqual([]);
  expect((await ask(api, "GET /healthz/ready")).text).toBe("Healthy");
});

describe("what is valid", () => {
  test("comes back as it was sent: names", async () => {
    await fc.assert(
      fc.asyncProperty(name, cityId, async (name, existing) => {
        const added = await ask(api, "POST /Cities", { json: { name } });
        expect(added.status).toBe(200);
        countAdded(added);
        const { id } = added.json<{ id: number }>();
        expect(added.text).toBe(JSON.stringify({ id, name }));
        expect((await ask(api, `GET /Cities/${id}`)).text).toBe(added.text);
        const renamed = await ask(api, `PUT /Cities/${existing}`, { json: { name } });
        expect(renamed.text).toBe(JSON.stringify({ id: existing, name }));
        const list = (await ask(api, "GET /Cities")).json<{ id: number; name: string }[]>();
        expect(list.find((city) => city.id === existing)?.name).toBe(name);
        expect(list.find((city) => city.id === id)?.name).toBe(name);
      }),
      { numRuns: 100 },
    );
  });

  test("comes back as it was sent: values, where they were added and where they were moved to", async () => {
    await fc.assert(
      fc.asyncProperty(cityId, value, cityId, value, async (city, first, otherCity, second) => {
        const added = await ask(api, `POST /Forecast/${city}`, { body: bodyOf(first) });
        expect(added.status).toBe(200);
        countAdded(added);
        const { id } = added.json<{ id: number }>();
        expect(added.text).toBe(rowOf(id, city, first));
        expect((await ask(api, `GET /Forecast/${id}`)).text).toBe(added.text);
        const changed = await ask(api, `PUT /Forecast/${id}`, { body: bodyOf(second, `"cityId":${otherCity},`) });
        expect(changed.text).toBe(rowOf(id, otherCity, second));
        const list = await ask(api, `GET /Forecast?cityId=${otherCity}`, { headers: { "accept-encoding": "gzip" } });
        expect(list.text.includes(changed.text)).toBe(true);
        if (city !== otherCity) {
          expect((await ask(api, `GET /WeatherForecast?cityId=${city}`)).text.includes(`"id":${id},`)).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("whatever is sent", () => {
  const number = fc.oneof(
    fc.bigInt().map(String),
    fc.double().map(String),
    fc.constantFrom("-0", "1e999", "9223372036854775807", "9223372036854775808", "1.0", "00", "Infinity", "NaN", "1n"),
    fc.bigInt({ min: 10n ** 15n, max: 10n ** 20n }).map((big) => `${big}.${big}`),
  );
  const brokenText = fc.string({
    unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  const anyLiteral = fc.oneof(
    number,
    number.map((digits) => `"${digits}"`),
    fc.json(),
    fc.constantFrom("null", "true", "[]", "{}", '""', '"\\u0000"', '"\\ud800"'),
    brokenText.map((text) => JSON.stringify(text)),
    brokenText.map((text) => `"${text}"`),
  );
  const key = fc.constantFrom(
    "id",
    "name",
    "cityId",
    "dateTime",
    "temperature",
    "summary",
    "__proto__",
    "toString",
    "",
  );
  const object = fc
    .array(fc.tuple(key, anyLiteral), { maxLength: 8 })
    .map((fields) => `{${fields.map(([key, literal]) => `"${key}":${literal}`).join()}}`);
  const body: fc.Arbitrary<NonNullable<Asking["body"]>> = fc.oneof(
    { weight: 6, arbitrary: object },
    { weight: 2, arbitrary: value.map((one) => bodyOf(one)) },
    { weight: 1, arbitrary: name.map((name) => JSON.stringify({ name })) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: brokenText },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2_000 }) },
    { weight: 1, arbitrary: fc.array(object, { maxLength: 3 }) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 60_000, max: 200_000 }).map((length) => `{"name":"${"x".repeat(length)}"}`),
    },
  );

  /** A path's characters: no blanks and no controls, which would make another request of it. */
  const pathText = fc.string({ unit: "binary", maxLength: 30 }).map((text) => text.replace(/[\s\p{Cc}#]/gu, ""));
  const segment = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -2, max: 800 }).map(String) },
    { weight: 1, arbitrary: number.map((text) => text.replace(/\s/g, "")) },
    { weight: 1, arbitrary: pathText },
    {
      weight: 1,
      arbitrary: fc.constantFrom("", "..", ".", "%00", "%2e%2e", "%", "%ff", "%d0", "9".repeat(4_000), "?", "*"),
    },
  );
  const first = fc.constantFrom(
    "Cities",
    "cities",
    "Forecast",
    "FORECAST",
    "WeatherForecast",
    "healthz",
    "metrics",
    "swagger",
  );
  const query = fc.oneof(
    { weight: 4, arbitrary: fc.constant("") },
    {
      weight: 1,
      arbitrary: fc.constantFrom("?", "?cityId=1", "?limit=1", "?from=1&to=2", "?cityId=1&cityId=2", "?__proto__=1"),
    },
    { weight: 1, arbitrary: pathText.map((text) => `?${text}`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("cityId", "from", "to", "limit", "x"), fc.oneof(number, pathText))
        .map(([name, text]) => `?${name}=${text.replace(/\s/g, "")}`),
    },
  );
  const path = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(first, fc.array(segment, { maxLength: 2 }), query)
        .map(([head, rest, query]) => `/${[head, ...rest].join("/")}${query}`),
    },
    { weight: 1, arbitrary: pathText.map((text) => `/${text}`) },
  );
  const method = fc.constantFrom(
    "POST",
    "POST",
    "POST",
    "PUT",
    "PUT",
    "GET",
    "GET",
    "HEAD",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
  );
  const headerValue = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.constantFrom(
      "application/json",
      "gzip",
      "zstd;q=0.3, *",
      "*",
      'W/"0-0"',
      "bytes=0-10",
      "https://x.example",
      "close",
      "h2c",
    ),
  );
  const headerName = fc.constantFrom(
    "content-type",
    "content-encoding",
    "accept-encoding",
    "accept",
    "if-none-match",
    "if-match",
    "range",
    "origin",
    "x-request-id",
    "x-api-key",
    "x-forwarded-for",
    "connection",
    "upgrade",
    "host",
    "cookie",
    "x-http-method-override",
  );
  const headers = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Record<string, string>>({}) },
    { weight: 1, arbitrary: fc.dictionary(headerName, headerValue, { maxKeys: 4 }) },
  );

  /** Answers in time, with nothing from 500 on, and says 200 only to what it did. */
  async function expectGoodAnswer(line: string, asking: Asking): Promise<void> {
    let answer: Answer;
    try {
      answer = await ask(api, line, { deadlineMs: DEADLINE_MS, ...asking });
    } catch (error) {
      // What is no request to the HTTP parser ends the connection; a hang is an Error of another name.
      if (error instanceof Error && error.name === "ConnectionClosed") return;
      throw error;
    }
    // These tests need no page; if it is not built, its paths answer 503.
    if (answer.status === 503 && !pageIsBuilt) return;
    expect(answer.status).toBeLessThan(500);
    expect([200, 204, 302, 304, 400, 404, 405, 409, 412, 413, 415, 422, 431]).toContain(answer.status);
    if (answer.status === 200 && line.startsWith("POST")) countAdded(answer);
    if (answer.status >= 400 && answer.header("content-type") !== null && !line.startsWith("HEAD ")) {
      expectProblem(answer, answer.status);
    }
  }

  test("the API answers in time and never with a 5xx", async () => {
    await fc.assert(
      fc.asyncProperty(
        method,
        path,
        headers,
        fc.option(body, { nil: undefined, freq: 6 }),
        async (method, path, headers, body) => {
          await expectGoodAnswer(`${method} ${path}`, { headers, ...(body === undefined ? {} : { body }) });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("a write is done as a whole or refused as a whole", async () => {
    const write = fc.constantFrom(
      "POST /Cities",
      "PUT /Cities/1",
      "POST /Forecast/1",
      "PUT /Forecast/1",
      "PUT /Forecast/2",
    );
    await fc.assert(
      fc.asyncProperty(write, body, async (line, body) => {
        const target = line.replace("POST", "GET").replace("PUT", "GET");
        const before = await ask(api, target);
        let status = 0;
        try {
          const answer = await ask(api, line, { body, deadlineMs: DEADLINE_MS });
          status = answer.status;
          if (status === 200 && line.startsWith("POST")) countAdded(answer);
          if (status === 200 && line.startsWith("PUT")) expect((await ask(api, target)).text).toBe(answer.text);
        } finally {
          expect([200, 400, 404, 413]).toContain(status);
        }
        if (status !== 200) expect((await ask(api, target)).text === before.text).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test("hundreds of such requests at once are all answered as well", async () => {
    const requests = fc.sample(fc.tuple(method, path, headers, body), 400);
    await Promise.all(
      requests.map(([method, path, headers, body]) => expectGoodAnswer(`${method} ${path}`, { headers, body })),
    );
  });
});
