import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import pg from "pg";
import { CITY_JSON, FORECAST_JSON } from "../../src/freshness/blocks.ts";
import { sharedCluster } from "../client/api-under-test.ts";

setDefaultTimeout(60_000);

const HOOK_MS = 60_000;
const ROWS = 200;

let client: pg.Client;

beforeAll(async () => {
  const cluster = await sharedCluster();
  client = new pg.Client({ connectionString: await cluster.createDatabase() });
  await client.connect();
}, HOOK_MS);

afterAll(() => client.end(), HOOK_MS);

/** What PostgreSQL can store: every code point but NUL and the surrogates. */
const text = fc.string({ unit: "binary", maxLength: 60 }).map((any) => any.replaceAll("\0", ""));
const escapes = fc.string({
  unit: fc.constantFrom(
    '"',
    "\\",
    "/",
    "\b",
    "\f",
    "\n",
    "\r",
    "\t",
    "\u0001",
    "\u001f",
    "\u007f",
    "\u0085",
    "\u2028",
    "u0041",
  ),
});
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 8 });

async function rendered(expression: string, columns: string, types: string, values: unknown[][]) {
  const { rows } = await client.query<{ json: string }>(
    `SELECT ${expression} AS json FROM unnest(${types}) WITH ORDINALITY AS row (${columns}, place) ORDER BY place`,
    values,
  );
  return rows.map(({ json }) => json);
}

test("a city is rendered as JSON.stringify would", async () => {
  const city = fc.record({ id: int64, name: maybe(fc.oneof(text, escapes)) });
  await fc.assert(
    fc.asyncProperty(fc.array(city, { minLength: ROWS, maxLength: ROWS }), async (cities) => {
      const json = await rendered(CITY_JSON, "id, name", "$1::bigint[], $2::text[]", [
        cities.map(({ id }) => id),
        cities.map(({ name }) => name),
      ]);
      expect(json).toEqual(cities.map(({ id, name }) => `{"id":${id},"name":${JSON.stringify(name ?? "")}}`));
    }),
    { numRuns: 15 },
  );
});

test("a value is rendered as JSON.stringify would, with zeros for missing numbers", async () => {
  const value = fc.record({
    id: int64,
    cityId: maybe(int64),
    dateTime: maybe(int64),
    temperature: maybe(int32),
    summary: maybe(fc.oneof(text, escapes)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: ROWS, maxLength: ROWS }), async (values) => {
      const json = await rendered(
        FORECAST_JSON,
        'id, "cityId", "dateTime", temperature, summary',
        "$1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[]",
        [
          values.map(({ id }) => id),
          values.map(({ cityId }) => cityId),
          values.map(({ dateTime }) => dateTime),
          values.map(({ temperature }) => temperature),
          values.map(({ summary }) => summary),
        ],
      );
      expect(json).toEqual(
        values.map(
          ({ id, cityId, dateTime, temperature, summary }) =>
            `{"id":${id},"cityId":${cityId ?? 0},"dateTime":${dateTime ?? 0},"temperature":${temperature ?? 0},"summary":${JSON.stringify(summary)}}`,
        ),
      );
    }),
    { numRuns: 15 },
  );
});

test("every character of the basic plane is rendered as JSON.stringify would", async () => {
  const all = Array.from({ length: 0xffff }, (_, index) => index + 1).filter((code) => code < 0xd800 || code > 0xdfff);
  const names = all.map((code) => String.fromCharCode(code));
  const json = await rendered(CITY_JSON, "id, name", "$1::bigint[], $2::text[]", [all, names]);
  const wrong = json.filter((text, index) => text !== JSON.stringify({ id: all[index], name: names[index] }));
  expect(wrong).toEqual([]);
});
