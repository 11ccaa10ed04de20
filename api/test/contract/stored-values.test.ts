import { describe, expect, test } from "bun:test";
import { apiUnderTest } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import type { Answer } from "../client/connection.ts";
import { expectFieldErrors } from "../client/problem.ts";

const api = apiUnderTest();

const VALUE = '"temperature":1,"summary":null';

/** Bodies are written by hand here: JSON.stringify would round the very numbers in question. */
function post(body: string): Promise<Answer> {
  return ask(api, "POST /Forecast/4", { body });
}

async function expectRefused(field: "dateTime" | "temperature" | "cityId", literal: string): Promise<void> {
  const fields = { dateTime: "1", temperature: "1", [field]: literal };
  const body = `{${Object.entries(fields).map(([name, value]) => `"${name}":${value}`)}}`;
  if (field !== "cityId") expectFieldErrors(await post(body), field);
  expectFieldErrors(await ask(api, "PUT /Forecast/1", { body }), field);
}

function idOf(answer: Answer): string {
  return /^\{"id":(\d+),/.exec(answer.text)?.[1] ?? `no id in ${answer.text}`;
}

const INT64_MAX = 9_223_372_036_854_775_807n;
/** The numbers around which rounding, overflow and sign mistakes happen. */
const INT64S = [
  INT64_MAX,
  INT64_MAX - 1n,
  -INT64_MAX,
  -INT64_MAX - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 53n - 1n,
  -(2n ** 53n) - 1n,
  2n ** 62n + 1n,
  1_700_000_000n,
  1_700_000_000_000n,
  0n,
  -1n,
];
const NOT_INT64 = [
  "9223372036854775808",
  "-9223372036854775809",
  "99999999999999999999",
  "1e19",
  "1e400",
  "-1e400",
  "9223372036854775807.5",
  "1.5",
  "0.1",
  "true",
  "null",
  "{}",
  "[]",
  "[1]",
  '""',
  '" 1"',
  '"1 "',
  '"1.0"',
  '"1e3"',
  '"0x10"',
  '"+1"',
  '"--1"',
  '"9223372036854775808"',
  '"-9223372036854775809"',
  '"١٢"',
  '"1\\u0000"',
  '"Infinity"',
  '"NaN"',
  '"2024-01-01T00:00:00Z"',
];

describe("dateTime", () => {
  test("keeps all 64 bits, digit for digit: in the answer, by id, in both lists, and after a restart", async () => {
    const stored: { id: string; dateTime: bigint }[] = [];
    for (const dateTime of INT64S) {
      for (const literal of [`${dateTime}`, `"${dateTime}"`]) {
        const answer = await post(`{"dateTime":${literal},${VALUE}}`);
        expect(answer.status).toBe(200);
        expect(answer.text).toEndWith(`"cityId":4,"dateTime":${dateTime},${VALUE}}`);
        stored.push({ id: idOf(answer), dateTime });
      }
    }
    const expectAllThere = async (): Promise<void> => {
      for (const { id, dateTime } of stored) {
        const row = `{"id":${id},"cityId":4,"dateTime":${dateTime},${VALUE}}`;
        expect((await ask(api, `GET /Forecast/${id}`)).text).toBe(row);
        for (const list of ["/Forecast", "/WeatherForecast", `/Forecast?cityId=4&from=${dateTime}&limit=9999`]) {
          expect((await ask(api, `GET ${list}`)).text.includes(row)).toBe(true);
        }
        const without = await ask(api, `GET /WeatherForecast?cityId=4&to=${dateTime}`);
        expect(without.text.includes(row)).toBe(false);
      }
    };
    await expectAllThere();
    await api.restart();
    await expectAllThere();
    const rows = await api.sql<{ id: string; dateTime: string }>('SELECT id, "dateTime" FROM forecast WHERE id > 720');
    expect(new Map(rows.map(({ id, dateTime }) => [id, dateTime]))).toEqual(
      new Map(stored.map(({ id, dateTime }) => [id, String(dateTime)])),
    );
  });

  test("keeps all 64 bits when a value is changed", async () => {
    for (const dateTime of INT64S) {
      const changed = await ask(api, "PUT /Forecast/2", { body: `{"dateTime":${dateTime},${VALUE}}` });
      expect(changed.text).toBe(`{"id":2,"cityId":1,"dateTime":${dateTime},${VALUE}}`);
      expect((await ask(api, "GET /Forecast/2")).text).toBe(changed.text);
    }
  });

  test("may be a whole number in another spelling", async () => {
    for (const [literal, digits] of [
      ["1e3", "1000"],
      ["1.0", "1"],
      ["-0", "0"],
      ["1.7e12", "1700000000000"],
      ['"-0"', "0"],
      ['"0007"', "7"],
      ['"-7"', "-7"],
    ]) {
      expect((await post(`{"dateTime":${literal},${VALUE}}`)).text).toContain(`"dateTime":${digits},`);
    }
  });

  test("is refused when it is no integer of 64 bits, never rounded", async () => {
    for (const literal of NOT_INT64) await expectRefused("dateTime", literal);
  });

  test("is refused when a fraction would have to be rounded away", async () => {
    for (const literal of ["9007199254740991.4", "4503599627370497.5", "1.00000000000000001", "-0.99999999999999999"]) {
      await expectRefused("dateTime", literal);
    }
  });

  test("is 0 where it is missing, and so is temperature", async () => {
    expect((await post(`{${VALUE}}`)).text).toContain(`"dateTime":0,${VALUE}`);
    expect((await post("{}")).text).toEndWith('"dateTime":0,"temperature":0,"summary":null}');
  });
});

describe("temperature", () => {
  test("takes exactly the integers of 32 bits, as numbers and as digits", async () => {
    for (const temperature of [2_147_483_647, -2_147_483_648, 0, -40]) {
      for (const literal of [`${temperature}`, `"${temperature}"`]) {
        const answer = await post(`{"dateTime":1,"temperature":${literal}}`);
        expect(answer.text).toEndWith(`"temperature":${temperature},"summary":null}`);
        expect((await ask(api, `GET /Forecast/${idOf(answer)}`)).text).toBe(answer.text);
      }
    }
    for (const literal of ["2147483648", "-2147483649", '"2147483648"', '"-2147483649"', "1e10", ...NOT_INT64]) {
      await expectRefused("temperature", literal);
    }
  });
});

describe("cityId of a change", () => {
  test("is refused when it is no integer of 64 bits", async () => {
    for (const literal of NOT_INT64.filter((literal) => literal !== "null")) await expectRefused("cityId", literal);
  });
});

describe("names", () => {
  const RAIN = "\u{1f327}";

  test("have 1 to 255 characters, counted as code points", async () => {
    for (const name of ["x", "x".repeat(255), "я".repeat(255), RAIN.repeat(255), "е\u0301".repeat(127), " x "]) {
      const added = await ask(api, "POST /Cities", { json: { name } });
      expect(added.status).toBe(200);
      expect(added.json<{ name: string }>().name).toBe(name);
      expect((await ask(api, `GET /Cities/${idOf({ text: `${added.text.slice(0, -1)},` } as Answer)}`)).text).toBe(
        added.text,
      );
      expect((await ask(api, "PUT /Cities/9", { json: { name } })).text).toBe(JSON.stringify({ id: 9, name }));
    }
    for (const name of ["", "x".repeat(256), "я".repeat(256), RAIN.repeat(256), "x".repeat(10_000), " ", "\t\u2003"]) {
      expectFieldErrors(await ask(api, "POST /Cities", { json: { name } }), "name");
      expectFieldErrors(await ask(api, "PUT /Cities/9", { json: { name } }), "name");
    }
    expect(await api.sql("SELECT max(length(name)) FROM cities")).toEqual([{ max: 255 }]);
  });

  test("that are no strings or missing are refused", async () => {
    for (const body of ["{}", '{"name":null}', '{"name":5}', '{"name":["x"]}', '{"name":{}}', '{"name":true}']) {
      expectFieldErrors(await ask(api, "POST /Cities", { body }), "name");
      expectFieldErrors(await ask(api, "PUT /Cities/9", { body }), "name");
    }
  });
});

describe("texts", () => {
  test("come back as they were sent, whatever characters they have", async () => {
    const every = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code + 1)).join("");
    const texts = [
      every,
      '"quoted" \\ back\\\\slashed / {"json":[1]}',
      "'; DROP TABLE cities; --",
      "NULL",
      "{a,b}",
      "\u2028\u2029\ufeff\uffff\ufffd",
      "\u{10ffff}\u{1f327}\u{1f3fd}",
      "e\u0301 and \u00e9 stay apart",
      "\r\n\t trailing \u00a0 ",
    ];
    for (const summary of texts) {
      const answer = await ask(api, "POST /Forecast/4", { json: { dateTime: 1, temperature: 1, summary } });
      expect(answer.json<{ summary: string }>().summary).toBe(summary);
      expect((await ask(api, `GET /Forecast/${idOf(answer)}`)).text).toBe(answer.text);
      expect((await ask(api, "GET /Forecast")).text.includes(answer.text)).toBe(true);
    }
  });

  test("may be as long as a body allows", async () => {
    const summary = "\u{1f327}".repeat(16_000);
    const answer = await ask(api, "POST /Forecast/4", { json: { dateTime: 1, temperature: 1, summary } });
    expect(answer.json<{ summary: string }>().summary).toBe(summary);
    expect((await ask(api, `GET /Forecast/${idOf(answer)}`)).text).toBe(answer.text);
  });

  test("with a NUL or half of a surrogate pair are refused and nothing of them is stored", async () => {
    const before = await api.sql("SELECT (SELECT count(*) FROM cities) AS c, (SELECT count(*) FROM forecast) AS f");
    for (const text of ["\\u0000", "a\\u0000b", "\\ud83c", "\\udf27", "\\udf27\\ud83c", "x\\ud800"]) {
      expectFieldErrors(await ask(api, "POST /Cities", { body: `{"name":"${text}"}` }), "name");
      expectFieldErrors(await ask(api, "PUT /Cities/9", { body: `{"name":"${text}"}` }), "name");
      const value = `{"dateTime":1,"temperature":1,"summary":"${text}"}`;
      expectFieldErrors(await post(value), "summary");
      expectFieldErrors(await ask(api, "PUT /Forecast/1", { body: value }), "summary");
    }
    expect(await api.sql("SELECT (SELECT count(*) FROM cities) AS c, (SELECT count(*) FROM forecast) AS f")).toEqual(
      before,
    );
  });

  test("that are no strings are refused", async () => {
    for (const literal of ["5", "true", "[]", "{}", '["Snow"]']) {
      expectFieldErrors(await post(`{"dateTime":1,"temperature":1,"summary":${literal}}`), "summary");
    }
  });
});

describe("a field that is sent twice", () => {
  test("counts as it was sent last", async () => {
    const city = await ask(api, "POST /Cities", { body: '{"name":"first","name":5,"name":"last"}' });
    expect(city.json<{ name: string }>().name).toBe("last");
    const value = await post(
      `{"dateTime":"x","dateTime":9223372036854775807,"dateTime":9007199254740993,"temperature":9,${VALUE}}`,
    );
    expect(value.text).toEndWith(`"dateTime":9007199254740993,${VALUE}}`);
  });
});
