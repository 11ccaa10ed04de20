import { describe, expect, test } from "bun:test";
import { CITIES } from "../../src/postgres/sample-data.ts";
import { apiUnderTest } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import { expectFieldErrors, expectProblem } from "../client/problem.ts";

interface City {
  readonly id: number;
  readonly name: string;
}
interface Forecast {
  readonly id: number;
  readonly cityId: number;
  readonly dateTime: number;
  readonly temperature: number;
  readonly summary: string | null;
}

const api = apiUnderTest();

const VALUE = { dateTime: 1_700_000_000_000, temperature: -7, summary: "Snow" };
const NO_SUCH_ID = 999_999_999;

async function addCity(name: string): Promise<City> {
  return (await ask(api, "POST /Cities", { json: { name } })).json();
}

async function addValue(cityId: number, value: object = VALUE): Promise<Forecast> {
  return (await ask(api, `POST /Forecast/${cityId}`, { json: value })).json();
}

async function valuesOf(cityId: number): Promise<readonly Forecast[]> {
  const [city] = (await ask(api, `GET /WeatherForecast?cityId=${cityId}`)).json<{ forecast: Forecast[] }[]>();
  return city?.forecast ?? [];
}

describe("the sample data", () => {
  test("are the nine cities with ids 1 to 9 in the order of the ring", async () => {
    const cities = (await ask(api, "GET /Cities")).json<City[]>();
    expect(cities.slice(0, 9)).toEqual(CITIES.map((name, index) => ({ id: index + 1, name })));
  });

  test("are the values 1 to 720, 8 a day for 10 days from today for each city", async () => {
    const cities = (await ask(api, "GET /WeatherForecast")).json<{ id: number; forecast: Forecast[] }[]>().slice(0, 9);
    const today = new Date().setUTCHours(0, 0, 0, 0);
    expect(cities.flatMap(({ forecast }) => forecast.map(({ id }) => id)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 720 }, (_, index) => index + 1),
    );
    for (const { id, forecast } of cities) {
      expect(forecast.map(({ cityId, dateTime }) => [cityId, dateTime])).toEqual(
        Array.from({ length: 80 }, (_, index) => [id, today + index * 3 * 3_600_000]),
      );
    }
  });
});

describe("cities", () => {
  test("one is read by its id", async () => {
    const answer = await ask(api, "GET /Cities/5");
    expect(answer.status).toBe(200);
    expect(answer.header("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.text).toBe('{"id":5,"name":"Ярославль"}');
  });

  test("one that is added gets the next id with a 200, and an id in the body is ignored", async () => {
    const before = (await ask(api, "GET /Cities")).json<City[]>();
    const answer = await ask(api, "POST /Cities", { json: { id: 3, name: "Плёс" } });
    expect(answer.status).toBe(200);
    const added = answer.json<City>();
    expect(answer.text).toBe(`{"id":${added.id},"name":"Плёс"}`);
    expect(added.id).toBeGreaterThan(Math.max(...before.map(({ id }) => id)));
    expect((await ask(api, "GET /Cities")).json()).toEqual([...before, added]);
    expect((await ask(api, `GET /Cities/${added.id}`)).json()).toEqual(added);
  });

  test("one is renamed with a 200, the id of the path wins, and its values stay", async () => {
    const { id } = await addCity("Gus");
    const value = await addValue(id);
    const answer = await ask(api, `PUT /Cities/${id}`, { json: { id: 1, name: "Гусь-Хрустальный" } });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(`{"id":${id},"name":"Гусь-Хрустальный"}`);
    expect((await ask(api, `GET /Cities/${id}`)).text).toBe(answer.text);
    expect((await ask(api, "GET /Cities/1")).json<City>().name).toBe("Сергиев Посад");
    expect((await ask(api, `GET /WeatherForecast?cityId=${id}`)).json<unknown>()).toEqual([
      { id, name: "Гусь-Хрустальный", forecast: [value] },
    ]);
  });

  test("two may have the same name", async () => {
    const [one, other] = await Promise.all([addCity("Twin"), addCity("Twin")]);
    expect(one.id).not.toBe(other.id);
  });

  test("an unknown one is 404 for reading and renaming", async () => {
    for (const id of [NO_SUCH_ID, 0, -1, "9007199254740993", "9223372036854775807", "-9223372036854775808"]) {
      expectProblem(await ask(api, `GET /Cities/${id}`), 404);
      expectProblem(await ask(api, `PUT /Cities/${id}`, { json: { name: "x" } }), 404);
    }
  });
});

describe("values", () => {
  test("one is read by its id", async () => {
    const answer = await ask(api, "GET /Forecast/1");
    expect(answer.status).toBe(200);
    const { dateTime, temperature, summary } = answer.json<Forecast>();
    expect(answer.text).toBe(JSON.stringify({ id: 1, cityId: 1, dateTime, temperature, summary }));
  });

  test("one that is added belongs to the city of the path with a 200; id and cityId in the body are ignored", async () => {
    const answer = await ask(api, "POST /Forecast/4", { json: { id: 1, cityId: 9, ...VALUE } });
    expect(answer.status).toBe(200);
    const { id } = answer.json<Forecast>();
    expect(answer.text).toBe(JSON.stringify({ id, cityId: 4, ...VALUE }));
    expect(id).toBeGreaterThan(720);
    expect((await ask(api, `GET /Forecast/${id}`)).text).toBe(answer.text);
    expect((await valuesOf(4)).at(-1)).toEqual({ id, cityId: 4, ...VALUE });
  });

  test("one that is sent again with its Idempotency-Key is stored once", async () => {
    const send = (key: string, json: object) =>
      ask(api, "POST /Forecast/4", { json, headers: { "idempotency-key": key } });
    const key = crypto.randomUUID();
    const before = (await valuesOf(4)).length;
    const answers = await Promise.all([1, 2, 3].map(() => send(key, VALUE)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await valuesOf(4)).toHaveLength(before + 1);
    expectProblem(await send(key, { ...VALUE, temperature: 3 }), 422);
    expect(await valuesOf(4)).toHaveLength(before + 1);
    const city = () =>
      ask(api, "POST /Cities", { json: { name: "Once" }, headers: { "idempotency-key": crypto.randomUUID() } });
    expect((await city()).json<City>().id).not.toBe((await city()).json<City>().id);
  });

  test("one that is changed by a request sent again with its Idempotency-Key keeps what came after it", async () => {
    const put = (key: string, temperature: number) =>
      ask(api, "PUT /Forecast/12", { json: { ...VALUE, temperature }, headers: { "idempotency-key": key } });
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    const answer = await put(first, 11);
    await put(second, 12);
    expect((await put(first, 11)).text).toBe(answer.text);
    expect((await ask(api, "GET /Forecast/12")).json<Forecast>().temperature).toBe(12);
    const rename = (key: string, name: string) =>
      ask(api, "PUT /Cities/9", { json: { name }, headers: { "idempotency-key": key } });
    const [third, fourth] = [crypto.randomUUID(), crypto.randomUUID()];
    await rename(third, "One");
    await rename(fourth, "Two");
    expect((await rename(third, "One")).status).toBe(200);
    expect((await ask(api, "GET /Cities/9")).json<City>().name).toBe("Two");
    expectProblem(await rename(first, "Three"), 422);
    expectProblem(await put(first, 13), 422);
    expect((await ask(api, "GET /Cities/9")).json<City>().name).toBe("Two");
  });

  test("one is changed only if it is what If-Match names", async () => {
    for (const [path, body] of [
      ["/Cities/8", (n: number) => ({ name: `Version ${n}` })],
      ["/Forecast/14", (n: number) => ({ ...VALUE, cityId: 1, temperature: n })],
    ] as const) {
      const put = (n: number, tag: string | null, key: string | null = null) =>
        ask(api, `PUT ${path}`, { json: body(n), headers: { "if-match": tag, "idempotency-key": key } });
      const tag = (await ask(api, `GET ${path}`)).header("etag");
      expect(tag).toMatch(/^"[^"]+"$/);
      const first = await put(1, tag);
      expect([first.status, first.header("etag")]).toEqual([200, (await ask(api, `GET ${path}`)).header("etag")]);
      for (const other of [tag, '"x"', `W/${first.header("etag")}`, "", "x"]) expectProblem(await put(2, other), 412);
      expect((await ask(api, `GET ${path}`)).text).toBe(first.text);
      expect((await put(3, `"x", ${first.header("etag")}`)).status).toBe(200);
      expect((await put(4, "*")).status).toBe(200);
      // A request that is sent again with its key gets the same answer, though its tag is old by now.
      const current = (await ask(api, `GET ${path}`)).header("etag");
      const key = crypto.randomUUID();
      const answers = [await put(5, current, key), await put(5, current, key)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const before = (await ask(api, `GET ${path}`)).header("etag");
      const race = await Promise.all([6, 7, 8, 9].map((n) => put(n, before)));
      expect(race.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
      expect((await ask(api, `GET ${path}`)).text).toBe(race.find(({ status }) => status === 200)?.text ?? "");
    }
    expectProblem(
      await ask(api, `PUT /Cities/${NO_SUCH_ID}`, { json: { name: "x" }, headers: { "if-match": "*" } }),
      404,
    );
  });

  test("one is changed only if it is not what If-None-Match names, and none is created", async () => {
    for (const [path, body] of [
      ["/Cities/8", (n: number) => ({ name: `Version ${n}` })],
      ["/Forecast/14", (n: number) => ({ ...VALUE, cityId: 1, temperature: n })],
    ] as const) {
      const put = (n: number, tag: string, to: string = path, match: string | null = null) =>
        ask(api, `PUT ${to}`, { json: body(n), headers: { "if-none-match": tag, "if-match": match } });
      const before = await ask(api, `GET ${path}`);
      const tag = before.header("etag") ?? "";
      for (const named of ["*", tag, `W/${tag}`, `"x", ${tag}`]) expectProblem(await put(21, named), 412);
      expectProblem(await put(21, '"x"', path, '"y"'), 412);
      expect((await ask(api, `GET ${path}`)).text).toBe(before.text);
      expect((await put(22, '"x"')).status).toBe(200);
      expect((await put(23, tag, path, "*")).status).toBe(200);
      expectProblem(await put(24, "*", path.replace(/\d+/, String(NO_SUCH_ID))), 404);
    }
  });

  test("a key that is empty, too long or not of visible ASCII characters is refused", async () => {
    for (const key of ["", "x".repeat(256), "a b", "ключ"]) {
      expectProblem(
        await ask(api, "POST /Cities", { json: { name: "None" }, headers: { "idempotency-key": key } }),
        400,
      );
    }
  });

  test("ids and cityIds that the original's clients send as null or nonsense are ignored as well", async () => {
    for (const ignored of [
      { id: null, cityId: null },
      { id: "x", cityId: [] },
      { id: {}, cityId: 1e300 },
    ]) {
      expect((await ask(api, "POST /Forecast/4", { json: { ...VALUE, ...ignored } })).status).toBe(200);
    }
    expect((await ask(api, "POST /Cities", { json: { name: "x", id: [{}] } })).status).toBe(200);
  });

  test("one may have no summary", async () => {
    const { summary: _, ...bare } = VALUE;
    expect(await addValue(4, bare)).toMatchObject({ summary: null });
    expect(await addValue(4, { ...VALUE, summary: null })).toMatchObject({ summary: null });
    expect(await addValue(4, { ...VALUE, summary: "" })).toMatchObject({ summary: "" });
  });

  test("one is changed with a 200, and the id of the path wins", async () => {
    const { id } = await addValue(4);
    const answer = await ask(api, `PUT /Forecast/${id}`, {
      json: { id: 1, dateTime: 1_800_000_000, temperature: 30, summary: "Hot" },
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(`{"id":${id},"cityId":4,"dateTime":1800000000,"temperature":30,"summary":"Hot"}`);
    expect((await ask(api, `GET /Forecast/${id}`)).text).toBe(answer.text);
    expect((await valuesOf(4)).find((value) => value.id === id)).toEqual(answer.json());
  });

  test("a change that names another city moves the value there", async () => {
    const { id } = await addValue(4);
    const moved = await ask(api, `PUT /Forecast/${id}`, { json: { cityId: "7", ...VALUE } });
    expect(moved.text).toBe(JSON.stringify({ id, cityId: 7, ...VALUE }));
    expect((await valuesOf(4)).map((value) => value.id)).not.toContain(id);
    expect((await valuesOf(7)).at(-1)).toEqual({ id, cityId: 7, ...VALUE });
    expect((await ask(api, `GET /Forecast/${id}`)).text).toBe(moved.text);
    // Without a cityId, and with null, it stays where it is.
    for (const cityId of [undefined, null]) {
      const stayed = await ask(api, `PUT /Forecast/${id}`, { json: { ...VALUE, cityId, temperature: 1 } });
      expect(stayed.json<Forecast>()).toMatchObject({ cityId: 7, temperature: 1 });
    }
  });

  test("a value that moves keeps its place by id in the city it comes to", async () => {
    const { id } = await addValue(4);
    const later = await addValue(7);
    await ask(api, `PUT /Forecast/${id}`, { json: { cityId: 7, ...VALUE } });
    const ids = (await valuesOf(7)).map((value) => value.id);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(ids.slice(-2)).toEqual([id, later.id]);
  });

  test("a change to a city that does not exist is 404 and changes nothing", async () => {
    const before = await addValue(4);
    for (const cityId of [NO_SUCH_ID, 0, -5, "9223372036854775807"]) {
      const answer = await ask(api, `PUT /Forecast/${before.id}`, { json: { ...VALUE, temperature: 1, cityId } });
      expect(expectProblem(answer, 404).detail).toContain("city");
    }
    expect((await ask(api, `GET /Forecast/${before.id}`)).json()).toEqual(before);
  });

  test("adding to a city that does not exist is 404 and stores nothing", async () => {
    const before = await api.sql("SELECT count(*) FROM forecast");
    for (const id of [NO_SUCH_ID, 0, -1, "9007199254740993", "9223372036854775807"]) {
      expect(expectProblem(await ask(api, `POST /Forecast/${id}`, { json: VALUE }), 404).detail).toContain("city");
    }
    expect(await api.sql("SELECT count(*) FROM forecast")).toEqual(before);
  });

  test("an unknown one is 404 for reading and changing", async () => {
    for (const id of [NO_SUCH_ID, 0, -1, "9007199254740993", "9223372036854775807"]) {
      expectProblem(await ask(api, `GET /Forecast/${id}`), 404);
      expect(expectProblem(await ask(api, `PUT /Forecast/${id}`, { json: VALUE }), 404).detail).toContain("value");
    }
  });

  test("the city and the value that are sent at the same moment as others fail or succeed on their own", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        ask(api, `POST /Forecast/${index % 3 === 0 ? NO_SUCH_ID : 1 + (index % 9)}`, {
          json: { ...VALUE, temperature: index },
        }),
      ),
    );
    const expected = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 404 : 200));
    expect(answers.map(({ status }) => status)).toEqual(expected);
    const stored = answers.filter(({ status }) => status === 200).map((answer) => answer.json<Forecast>());
    expect(new Set(stored.map(({ id }) => id)).size).toBe(40);
    for (const value of stored) expect((await ask(api, `GET /Forecast/${value.id}`)).json()).toEqual(value);
  });
});

describe("a client of the original service", () => {
  test("is understood as there: names in any case, missing numbers, text/json", async () => {
    const headers = { "content-type": "text/json; charset=utf-8" };
    const body = '{"id":"2","cityId":1,"datetime":222222222,"temperature":1,"summary":"x"}';
    const added = await ask(api, "POST /Forecast/2", { body, headers });
    expect(added.status).toBe(200);
    const { id } = added.json<Forecast>();
    expect(added.text).toBe(`{"id":${id},"cityId":2,"dateTime":222222222,"temperature":1,"summary":"x"}`);
    const changed = await ask(api, `PUT /Forecast/${id}`, { body: '{"CityId":"1","Temperature":"-3","SUMMARY":null}' });
    expect(changed.text).toBe(`{"id":${id},"cityId":1,"dateTime":0,"temperature":-3,"summary":null}`);
    expect((await ask(api, `GET /Forecast/${id}`)).text).toBe(changed.text);
    const city = await ask(api, "POST /Cities", {
      body: '{"Id":5,"NAME":"other","name":"exact","Name":"last"}',
      headers,
    });
    expect(city.json<City>().name).toBe("exact");
  });
});

describe("the lists", () => {
  test("show all cities with all values, each in its own shape", async () => {
    const weather = (await ask(api, "GET /WeatherForecast")).json<
      { id: number; name: string; forecast: Forecast[] }[]
    >();
    const byCity = (await ask(api, "GET /Forecast")).json<{ city: City; forecast: Forecast[] }[]>();
    const cities = (await ask(api, "GET /Cities")).json<City[]>();
    expect(weather.map(({ id, name }) => ({ id, name }))).toEqual(cities);
    expect(byCity).toEqual(weather.map(({ id, name, forecast }) => ({ city: { id, name }, forecast })));
    const stored = await api.sql<{ id: string; cityId: string }>(
      'SELECT id, "cityId" FROM forecast ORDER BY "cityId", id',
    );
    expect(weather.flatMap(({ forecast }) => forecast.map(({ id, cityId }) => `${cityId} ${id}`))).toEqual(
      stored.map(({ id, cityId }) => `${cityId} ${id}`),
    );
  });

  test("show a city without values with an empty list", async () => {
    const { id } = await addCity("Empty");
    expect((await ask(api, `GET /WeatherForecast?cityId=${id}`)).text).toBe(
      `[{"id":${id},"name":"Empty","forecast":[]}]`,
    );
    expect((await ask(api, "GET /Forecast")).text).toEndWith(`{"city":{"id":${id},"name":"Empty"},"forecast":[]}]`);
  });
});

describe("the query parameters of both lists", () => {
  type Row = { forecast: Forecast[] };
  const lists = ["/WeatherForecast", "/Forecast"] as const;

  for (const list of lists) {
    test(`${list} can be narrowed to a city, a time and a number of values`, async () => {
      const { id } = await addCity("Narrow");
      for (const dateTime of [30, 10, 20, 40, -50]) await addValue(id, { dateTime, temperature: 0 });
      const times = async (query: string): Promise<readonly number[][]> =>
        (await ask(api, `GET ${list}?${query}`)).json<Row[]>().map(({ forecast }) => forecast.map((v) => v.dateTime));
      expect(await times(`cityId=${id}`)).toEqual([[30, 10, 20, 40, -50]]);
      expect(await times(`cityId=${id}&from=20`)).toEqual([[30, 20, 40]]);
      expect(await times(`cityId=${id}&to=20`)).toEqual([[10, -50]]);
      expect(await times(`cityId=${id}&from=10&to=30`)).toEqual([[10, 20]]);
      expect(await times(`cityId=${id}&limit=2`)).toEqual([[30, 10]]);
      expect(await times(`cityId=${id}&from=20&limit=2`)).toEqual([[30, 20]]);
      expect(await times(`cityId=${id}&limit=0`)).toEqual([[]]);
      expect(await times(`cityId=${id}&from=30&to=10`)).toEqual([[]]);
      expect(await times(`cityId=${id}&from=-9223372036854775808&to=9223372036854775807`)).toEqual([
        [30, 10, 20, 40, -50],
      ]);
      expect(await times(`cityId=${NO_SUCH_ID}`)).toEqual([]);
      expect(await times("cityId=9007199254740993")).toEqual([]);
      const cities = (await ask(api, "GET /Cities")).json<City[]>().length;
      expect((await times("limit=1")).length).toBe(cities);
      expect((await times("to=-40")).flat()).toEqual(list === lists[0] ? [-50] : [-50, -50]);
    });

    test(`${list} narrowed by parameters that leave nothing out is the whole list`, async () => {
      const whole = await ask(api, `GET ${list}`);
      for (const query of ["?", "?limit=1000000000", "?from=-9223372036854775808"]) {
        const answer = await ask(api, `GET ${list}${query}`);
        expect(answer.text === whole.text).toBe(true);
        expect(answer.header("etag")).toBe(whole.header("etag"));
      }
    });

    test(`${list} refuses parameters that are wrong or unknown, by name`, async () => {
      const wrong = {
        cityId: ["", "x", "1.5", "1e3", "0x10", " 1", "9223372036854775808", "-9223372036854775809", "1,2", "null"],
        from: ["", "now", "2024-01-01", "99999999999999999999"],
        to: ["", "Infinity", "9223372036854775808"],
        limit: ["", "-1", "1.0", "1000000001", "all"],
      };
      for (const [name, values] of Object.entries(wrong)) {
        for (const value of values) {
          expectFieldErrors(await ask(api, `GET ${list}?${name}=${encodeURIComponent(value)}`), name);
        }
      }
      expectFieldErrors(await ask(api, `GET ${list}?cityId=x&limit=-1&city=5`), "cityId", "limit", "city");
      expectFieldErrors(await ask(api, `GET ${list}?__proto__=1&constructor=2`), "__proto__", "constructor");
      for (const twice of ["cityId=1&cityId=2", "cityId=1&cityId=1", "cityId=1&CITYID=2"])
        expectFieldErrors(await ask(api, `GET ${list}?${twice}`), "cityId");
    });

    test(`${list} takes its parameters in any case`, async () => {
      const expected = await ask(api, `GET ${list}?cityId=3&limit=2`);
      expect((await ask(api, `GET ${list}?CITYID=3&Limit=2`)).text).toBe(expected.text);
    });
  }
});

describe("paths", () => {
  test("match without regard to case and with one slash at the end", async () => {
    const same = {
      "/Cities": ["/cities", "/CITIES", "/cItIeS/", "/Cities/"],
      "/Cities/5": ["/cities/5", "/CITIES/5/", "/Cities/%35"],
      "/Forecast": ["/forecast", "/FORECAST/"],
      "/Forecast/7": ["/forecast/7", "/foreCAST/7/", "/Forecast/007"],
      "/WeatherForecast": ["/weatherforecast", "/WEATHERFORECAST/"],
      "/healthz/ready": ["/HEALTHZ/READY/", "/Healthz/Ready"],
    };
    for (const [path, others] of Object.entries(same)) {
      const expected = await ask(api, `GET ${path}`);
      expect(expected.status).toBe(200);
      for (const other of others) expect((await ask(api, `GET ${other}`)).text).toBe(expected.text);
    }
    expect((await ask(api, "POST /cities/", { json: { name: "Slash" } })).status).toBe(200);
    expect((await ask(api, "POST /FORECAST/1/", { json: VALUE })).status).toBe(200);
    expect((await ask(api, "PUT /forecast/1/", { json: VALUE })).status).toBe(200);
    expect((await ask(api, "PUT /cItIeS/1/", { json: { name: "Сергиев Посад" } })).status).toBe(200);
  });

  test("that lead nowhere are 404", async () => {
    for (const path of "/Citie /Cities/1/2 /Cities// //Cities /api/Cities /Forecast/1/x /%2FCities".split(" ")) {
      expectProblem(await ask(api, `GET ${path}`), 404);
    }
  });

  test("with an id that is no integer of 64 bits are 400 for every method", async () => {
    const ids = ["abc", "1.5", "1e3", "0x1", "+1", "%20", "%2B1", "--1", "1%00", "%zz", "%F0%9F%8C%A7", "٣", "1,2"];
    for (const id of [...ids, "9223372036854775808", "-9223372036854775809", "1".repeat(20), "9".repeat(5_000)]) {
      const path = encodeURI(id).replaceAll("%25", "%");
      expectFieldErrors(await ask(api, `GET /Cities/${path}`), "id");
      expectFieldErrors(await ask(api, `GET /Forecast/${path}`), "id");
      expectFieldErrors(await ask(api, `PUT /Cities/${path}`, { json: { name: "x" } }), "id");
      expectFieldErrors(await ask(api, `PUT /Forecast/${path}`, { json: VALUE }), "id");
      expectFieldErrors(await ask(api, `POST /Forecast/${path}`, { json: VALUE }), "id");
    }
  });
});

describe("the probes", () => {
  test("say Healthy as text, and are not to be cached", async () => {
    for (const probe of ["live", "ready"]) {
      const answer = await ask(api, `GET /healthz/${probe}`);
      expect([answer.status, answer.text]).toEqual([200, "Healthy"]);
      expect(answer.header("content-type")).toBe("text/plain; charset=utf-8");
      expect(answer.header("cache-control")).toBe("no-store");
    }
  });
});
