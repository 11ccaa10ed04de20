import { describe, expect, test } from "bun:test";
import { apiUnderTest } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import { expectProblem } from "../client/problem.ts";

interface CityRow {
  readonly id: string;
  readonly name: string;
}
interface ForecastRow {
  readonly id: string;
  readonly cityId: string;
  readonly dateTime: string;
  readonly temperature: number;
  readonly summary: string | null;
}

const api = apiUnderTest();

const ENCODINGS = ["identity", "gzip"] as const;
const VALUE = { dateTime: 1_700_000_000_000, temperature: -7, summary: "Snow" };

/** What the three lists must be, byte for byte, made from the tables in the plainest way. */
async function expectedLists(): Promise<Readonly<Record<string, string>>> {
  const cities = await api.sql<CityRow>("SELECT id, name FROM cities ORDER BY id");
  const rows = await api.sql<ForecastRow>(
    'SELECT id, "cityId", "dateTime", temperature, summary FROM forecast ORDER BY id',
  );
  const forecastOf = (cityId: string): string =>
    rows
      .filter((row) => row.cityId === cityId)
      .map(
        ({ id, dateTime, temperature, summary }) =>
          `{"id":${id},"cityId":${cityId},"dateTime":${dateTime},"temperature":${temperature},"summary":${JSON.stringify(summary)}}`,
      )
      .join();
  const list = (shape: (city: CityRow) => string): string => `[${cities.map(shape).join()}]`;
  return {
    "/Cities": list(({ id, name }) => `{"id":${id},"name":${JSON.stringify(name)}}`),
    "/Forecast": list(
      ({ id, name }) => `{"city":{"id":${id},"name":${JSON.stringify(name)}},"forecast":[${forecastOf(id)}]}`,
    ),
    "/WeatherForecast": list(
      ({ id, name }) => `{"id":${id},"name":${JSON.stringify(name)},"forecast":[${forecastOf(id)}]}`,
    ),
  };
}

async function expectRightListsAfter(...statements: string[]): Promise<void> {
  for (const statement of statements) {
    await api.sql(statement);
    await expectListsToBeRight();
  }
}

/** Every list in every encoding equals the tables, and all encodings share one tag. */
async function expectListsToBeRight(): Promise<void> {
  for (const [list, expected] of Object.entries(await expectedLists())) {
    const tags = new Set<string | null>();
    for (const encoding of ENCODINGS) {
      const answer = await ask(api, `GET ${list}`, { headers: { "accept-encoding": encoding } });
      expect(answer.header("content-encoding") ?? "identity").toBe(encoding);
      // Compared first: the difference of two bodies of megabytes says nothing to anyone.
      expect(`${list} in ${encoding}: ${answer.text === expected}`).toBe(`${list} in ${encoding}: true`);
      tags.add(answer.header("etag"));
    }
    expect(tags.size).toBe(1);
  }
}

/** Lists have weak tags, because all encodings share one; a row has one form, so that If-Match can name it. */
const WEAK = /^W\/"[0-9a-z-]+"$/;
const STRONG = /^"[0-9a-z-]+"$/;

describe("the lists in identity and gzip", () => {
  test("decode to what the tables hold, with the sample data", () => expectListsToBeRight());

  test("after values were added and changed by requests", async () => {
    const added = await ask(api, "POST /Forecast/1", { json: VALUE });
    await expectListsToBeRight();
    await ask(api, "PUT /Forecast/5", { json: { ...VALUE, summary: "\u{1f327} “late” \\ rain" } });
    await ask(api, `PUT /Forecast/${added.json<{ id: number }>().id}`, { json: { ...VALUE, cityId: 9 } });
    await expectListsToBeRight();
    await ask(api, "PUT /Cities/3", { json: { name: 'Ростов \u2028 "Великий"' } });
    await expectListsToBeRight();
  });

  test("with many values per city, before and after changes in the middle", async () => {
    await api.sql(`INSERT INTO forecast ("cityId", "dateTime", temperature, summary)
      SELECT 1 + (n * 7) % 5, n, n % 40, md5(n::text) FROM generate_series(1, 9000) n`);
    await expectListsToBeRight();
    const [middle] = await api.sql<{ id: string }>(
      'SELECT id FROM forecast WHERE "cityId" = 2 ORDER BY id OFFSET 700 LIMIT 1',
    );
    await ask(api, `PUT /Forecast/${middle?.id}`, { json: { ...VALUE, summary: "x".repeat(5_000) } });
    await expectListsToBeRight();
    await ask(api, `PUT /Forecast/${middle?.id}`, { json: { ...VALUE, cityId: 3 } });
    await expectListsToBeRight();
    await ask(api, `PUT /Forecast/${middle?.id}`, { json: { ...VALUE, cityId: 8 } });
    await expectListsToBeRight();
  });

  test("after hundreds of values moved at once, to and fro, and one city lost all of its values", async () => {
    await expectRightListsAfter(
      'UPDATE forecast SET "cityId" = 6 WHERE "cityId" = 1 AND id % 3 = 0',
      'UPDATE forecast SET "cityId" = 1 WHERE "cityId" = 6 AND id % 2 = 0',
      'UPDATE forecast SET "cityId" = 7 WHERE "cityId" = 2',
    );
  });

  test("after rows arrived in no order, with gaps, and between those that are there", async () => {
    await api.sql(`INSERT INTO forecast (id, "cityId", "dateTime", temperature)
      SELECT 2000000 - n * 3, 4, n, 1 FROM generate_series(1, 1500) n`);
    await expectListsToBeRight();
    for (let n = 1; n < 1_400; n += 100) {
      await api.sql(`INSERT INTO forecast (id, "cityId", "dateTime", temperature)
        SELECT 2000001 - m * 3, 4, m, 2 FROM generate_series(${n}, ${n + 99}) m`);
      await ask(api, "GET /Forecast", { headers: { "accept-encoding": "gzip" } });
    }
    await expectListsToBeRight();
  });

  test("with cities that have no values: first, last and several in a row", async () => {
    await api.sql("INSERT INTO cities (id, name) VALUES (-1, 'Before'), (500, 'Gap'), (501, 'Gap'), (502, 'Last')");
    await expectListsToBeRight();
    await api.sql(`INSERT INTO forecast ("cityId", "dateTime", temperature) VALUES (501, 1, 1)`);
    await expectListsToBeRight();
  });

  test("when they are narrowed for one request", async () => {
    for (const query of "cityId=4 limit=3 cityId=4&limit=1 cityId=77777 from=0&to=9223372036854775807".split(" ")) {
      const [plain, ...packed] = await Promise.all(
        ENCODINGS.map((encoding) =>
          ask(api, `GET /WeatherForecast?${query}`, { headers: { "accept-encoding": encoding } }),
        ),
      );
      for (const answer of packed) {
        expect(answer.header("content-encoding")).not.toBeNull();
        expect(answer.text === plain?.text).toBe(true);
        expect(answer.header("etag")).toBe(plain?.header("etag") ?? "");
      }
    }
  });

  test("while they change with every request: each answer is whole, and none goes back in time", async () => {
    const controller = new AbortController();
    const count = (text: string): number => text.match(/"dateTime"/g)?.length ?? 0;
    const readers = ENCODINGS.map(async (encoding) => {
      let seen = 0;
      let answers = 0;
      for (; !controller.signal.aborted; answers += 1) {
        const answer = await ask(api, "GET /WeatherForecast", { headers: { "accept-encoding": encoding } });
        const values = count(answer.text);
        JSON.parse(answer.text);
        expect(values).toBeGreaterThanOrEqual(seen);
        seen = values;
      }
      return answers;
    });
    for (let n = 0; n < 60; n += 1) {
      await ask(api, `POST /Forecast/${1 + (n % 9)}`, { json: VALUE });
      if (n % 10 === 0) await ask(api, `PUT /Forecast/${2_000 + n}`, { json: { ...VALUE, cityId: 1 + (n % 7) } });
    }
    controller.abort();
    for (const answers of await Promise.all(readers)) expect(answers).toBeGreaterThan(3);
    await expectListsToBeRight();
  });

  test("after rows were deleted, up to the last one", async () => {
    await expectRightListsAfter(
      "DELETE FROM forecast WHERE id % 2 = 0",
      "TRUNCATE forecast",
      "DELETE FROM cities WHERE id > 1",
    );
    await api.sql("DELETE FROM cities");
    for (const list of ["/Cities", "/Forecast", "/WeatherForecast", "/Forecast?limit=1"]) {
      for (const encoding of ENCODINGS) {
        expect((await ask(api, `GET ${list}`, { headers: { "accept-encoding": encoding } })).text).toBe("[]");
      }
    }
    await ask(api, "POST /Cities", { json: { name: "Again" } });
    await expectListsToBeRight();
  });

  test("are decoded by fetch as any client does it", async () => {
    await api.sql(`INSERT INTO forecast ("cityId", "dateTime", temperature, summary)
      SELECT c.id, n, n % 40, md5(n::text) FROM cities c, generate_series(1, 3000) n`);
    const expected = await expectedLists();
    for (const encoding of ["gzip", "gzip, deflate, br, zstd"]) {
      const response = await fetch(`${api.url}/WeatherForecast`, { headers: { "accept-encoding": encoding } });
      expect(response.headers.get("content-encoding")).not.toBeNull();
      expect((await response.text()) === expected["/WeatherForecast"]).toBe(true);
    }
  });
});

describe("Accept-Encoding", () => {
  const CHOICES: readonly (readonly [string | null, (typeof ENCODINGS)[number]])[] = [
    [null, "identity"],
    ["", "identity"],
    ["gzip", "gzip"],
    ["GZip", "gzip"],
    ["zstd", "identity"],
    ["gzip, deflate, br, zstd", "gzip"],
    ["gzip, deflate, br", "gzip"],
    ["br, deflate", "identity"],
    ["*", "gzip"],
    ["gzip;q=0", "identity"],
    ["gzip;q=0.000, zstd;q=0", "identity"],
    ["zstd;q=0, *", "gzip"],
    ["*;q=0", "identity"],
    ["identity;q=0, gzip;q=0.1", "gzip"],
    ["zstd;q=0.5, gzip;q=0.8", "gzip"],
    ["zstd;q=0.8, gzip;q=0.5", "gzip"],
    ["zstd ; q=0.8 , gzip ; q=0.9", "gzip"],
    ["identity, gzip;q=0.5", "identity"],
    ["identity;q=0.5, gzip;q=0.5, zstd;q=0.4", "identity"],
    ["gzip;q=1;x=2", "gzip"],
    ["gzip;q=nonsense", "identity"],
    ["gzip;Q=0.5", "gzip"],
    [",,;;==,", "identity"],
    ["gzip".repeat(500), "identity"],
  ];

  test("chooses gzip or nothing by weight: many clients read only the first frame of zstd", async () => {
    for (const list of ["/Cities", "/Forecast", "/WeatherForecast", "/WeatherForecast?limit=1"]) {
      for (const [accepted, chosen] of CHOICES) {
        const answer = await ask(api, `GET ${list}`, { headers: { "accept-encoding": accepted } });
        expect(`${accepted}: ${answer.header("content-encoding") ?? "identity"}`).toBe(`${accepted}: ${chosen}`);
        expect(answer.header("vary")?.toLowerCase()).toBe("accept-encoding");
        expect(answer.status).toBe(200);
      }
    }
  });
});

describe("an ETag", () => {
  const RESOURCES = [
    "/Cities",
    "/Forecast",
    "/WeatherForecast",
    "/WeatherForecast?limit=2",
    "/Cities/1",
    "/Forecast/1",
  ];

  test("is the same on every replica, whatever order the rows came in", async () => {
    await api.sql("TRUNCATE cities, forecast");
    await api.sql("INSERT INTO cities (id, name) VALUES (1, 'One'), (2, 'Two')");
    const values = (ids: string, city: number) =>
      api.sql(`INSERT INTO forecast (id, "cityId", "dateTime", temperature) SELECT n, ${city}, n, 1 FROM ${ids} n`);
    await values("generate_series(1500, 2500)", 1);
    await ask(api, "GET /Forecast");
    await values("generate_series(1, 1499)", 1);
    await ask(api, "GET /Forecast");
    await values("generate_series(3000, 3700)", 2);
    await api.sql('UPDATE forecast SET "cityId" = 1 WHERE id BETWEEN 3000 AND 3100');
    const other = await api.another();
    for (const path of RESOURCES) {
      const [mine, theirs] = await Promise.all([ask(api, `GET ${path}`), ask(other, `GET ${path}`)]);
      expect(mine.status).toBe(200);
      expect(mine.header("etag")).toMatch(/\/\d$/.test(path) ? STRONG : WEAK);
      expect(theirs.header("etag")).toBe(mine.header("etag") ?? "");
      expect(theirs.text === mine.text).toBe(true);
    }
  });

  test("that the client has already is answered 304 without a body", async () => {
    for (const path of RESOURCES) {
      const etag = (await ask(api, `GET ${path}`)).header("etag") ?? "";
      for (const sent of [
        etag,
        etag.replace("W/", ""),
        `W/${etag.replace("W/", "")}`,
        `"x", ${etag}`,
        `${etag},"x"`,
        "*",
        ` ${etag} `,
      ]) {
        for (const method of ["GET", "HEAD"]) {
          const answer = await ask(api, `${method} ${path}`, {
            headers: { "if-none-match": sent, "accept-encoding": "gzip" },
          });
          expect([answer.status, answer.bytes.length]).toEqual([304, 0]);
          expect(answer.header("etag")).toBe(etag);
        }
      }
      for (const sent of ['"x"', "", etag.slice(0, -2), etag.toUpperCase(), `"${etag}"`]) {
        expect((await ask(api, `GET ${path}`, { headers: { "if-none-match": sent } })).status).toBe(200);
      }
    }
  });

  test("changes with what it names, and only then", async () => {
    const tags = () => Promise.all(RESOURCES.map(async (path) => (await ask(api, `GET ${path}`)).header("etag")));
    const changed = async (line: string, json: object): Promise<readonly string[]> => {
      const before = await tags();
      expect((await ask(api, line, { json })).status).toBe(200);
      const after = await tags();
      return RESOURCES.filter((_, index) => before[index] !== after[index]);
    };
    expect(await changed("POST /Forecast/1", VALUE)).toEqual(["/Forecast", "/WeatherForecast"]);
    expect(await changed("PUT /Forecast/1", VALUE)).toEqual([
      "/Forecast",
      "/WeatherForecast",
      "/WeatherForecast?limit=2",
      "/Forecast/1",
    ]);
    expect(await changed("PUT /Forecast/1", VALUE)).toEqual([]);
    expect(await changed("PUT /Cities/1", { name: "Uno" })).toEqual(RESOURCES.filter((path) => path !== "/Forecast/1"));
    expect(await changed("PUT /Cities/1", { name: "Uno" })).toEqual([]);
  });

  test("of something that is gone does not keep it alive", async () => {
    const etag = (await ask(api, "GET /Forecast/1")).header("etag") ?? "";
    await api.sql("DELETE FROM forecast WHERE id = 1");
    expectProblem(await ask(api, "GET /Forecast/1", { headers: { "if-none-match": etag } }), 404);
    expectProblem(await ask(api, "GET /Forecast/1", { headers: { "if-none-match": "*" } }), 404);
  });

  test("comes with Cache-Control: no-cache, and answers to writes are not to be stored", async () => {
    for (const path of RESOURCES.filter((path) => path !== "/Forecast/1")) {
      expect((await ask(api, `GET ${path}`)).header("cache-control")).toBe("no-cache");
    }
    const written = await ask(api, "POST /Forecast/1", { json: VALUE });
    expect([written.header("cache-control"), written.header("etag")]).toEqual(["no-store", null]);
  });
});
