import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { Service, WeatherApi } from "@goldenring/run-kit/weather-api-fixture";

const DEADLINE_MS = 120_000;

const api = new WeatherApi();
let baseline: Service;

beforeAll(async () => {
  await api.start();
  baseline = await Service.start("load/baseline/main.ts", { DATABASE_URL: api.databaseUrl }, "listening");
}, DEADLINE_MS);
afterAll(async () => {
  await baseline?.end();
  await api.remove();
}, DEADLINE_MS);

async function ask(
  base: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(base + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text,
  };
}

describe("the baseline answers as the product does", () => {
  test.each([
    "/Cities",
    "/cities/",
    "/Cities/5",
    "/Forecast",
    "/Forecast/17",
    "/WeatherForecast",
    "/healthz/live",
    "/healthz/ready",
  ])("to GET %s", async (path) => {
    const [own, usual] = [await ask(api.url, "GET", path), await ask(baseline.url, "GET", path)];
    expect(usual).toEqual(own);
    expect(usual.status).toBe(200);
  });

  test.each([
    ["GET", "/Cities/999999"],
    ["GET", "/Forecast/999999"],
    ["POST", "/Forecast/999999"],
    ["GET", "/Cities/five"],
    ["POST", "/Cities"],
  ])("to what is refused: %s %s", async (method, path) => {
    const body = method === "GET" ? undefined : path === "/Cities" ? { name: "" } : { dateTime: 1, temperature: 1 };
    const [own, usual] = [await ask(api.url, method, path, body), await ask(baseline.url, method, path, body)];
    expect(usual.status).toBe(own.status);
  });

  test("to writes, which the product sees at once", async () => {
    const city = await ask(baseline.url, "POST", "/Cities", { name: "Плёс" });
    expect(city).toMatchObject({ status: 200, body: { name: "Плёс" } });
    const { id } = city.body as { id: number };
    expect(await ask(api.url, "GET", `/Cities/${id}`)).toEqual(city);
    const fields = { dateTime: "1700000000000", temperature: -3, summary: null };
    const value = await ask(baseline.url, "POST", `/Forecast/${id}`, fields);
    expect(value).toMatchObject({ status: 200, body: { cityId: id, dateTime: 1_700_000_000_000, temperature: -3 } });
    const valueId = (value.body as { id: number }).id;
    const changed = { dateTime: 5, temperature: 7, summary: "warm", cityId: 1 };
    expect((await ask(baseline.url, "PUT", `/Forecast/${valueId}`, changed)).body).toEqual({ id: valueId, ...changed });
    expect((await ask(baseline.url, "PUT", `/Cities/${id}`, { name: "Шуя" })).body).toEqual({ id, name: "Шуя" });
    expect((await ask(api.url, "GET", `/Forecast/${valueId}`)).body).toEqual({ id: valueId, ...changed });
  });

  test("and in gzip for those who take it", async () => {
    const raw = async (base: string) => {
      const answer = await fetch(`${base}/WeatherForecast`, { headers: { "Accept-Encoding": "gzip" }, ...AS_SENT });
      expect(answer.headers.get("content-encoding")).toBe("gzip");
      return gunzipSync(await answer.arrayBuffer()).toString();
    };
    expect(JSON.parse(await raw(baseline.url))).toEqual(JSON.parse(await raw(api.url)));
  });
});

/** Bun decodes answers unless it is told not to. */
const AS_SENT: object = { decompress: false };
