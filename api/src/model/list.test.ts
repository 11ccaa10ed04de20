import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { BLOCK_BYTES } from "./block.ts";
import { concatenated } from "./columns.ts";
import { FormCache } from "./form-cache.ts";
import type { ListBody } from "./forms.ts";
import { List } from "./list.ts";
import { blockOf, filled, randomValue } from "./model.fixture.ts";
import { FORECAST_SHAPE, WEATHER_SHAPE } from "./render.ts";

setDefaultTimeout(60_000);

const bytesOf = ({ parts }: ListBody) => concatenated(parts.flatMap((part) => part.bytes().chunks));

function listsOf(cache: FormCache) {
  return {
    cities: List.ofCities(cache),
    weather: List.ofForecasts(cache, WEATHER_SHAPE),
    forecast: List.ofForecasts(cache, FORECAST_SHAPE),
  };
}

describe("a list in gzip", () => {
  const SIZES = [
    { cities: 9, values: 80 },
    { cities: 189, values: 640 },
    { cities: 1_117, values: 1 },
    { cities: 100_000, values: 0 },
    { cities: 1, values: 200_000 },
  ];
  test.each(SIZES)(
    "of $cities cities with $values values each is at most 1.3 times as long as gzip -3 of the whole",
    async ({ cities, values }) => {
      const model = filled(cities, values);
      for (const list of Object.values(listsOf(new FormCache(() => 1e9)))) {
        const compressed = bytesOf(await list.body(model, "gzip"));
        const plain = bytesOf(await list.body(model, "identity"));
        expect(Buffer.compare(gunzipSync(compressed), plain)).toBe(0);
        expect(compressed.length).toBeLessThanOrEqual(1.3 * gzipSync(plain, { level: 3 }).length);
      }
    },
  );

  test("with 100,000 cities makes one chunk after a write, in less than 10 ms of one core", async () => {
    const model = filled(100_000, 0);
    const lists = listsOf(new FormCache(() => 1e9));
    for (const [name, list] of Object.entries(lists)) {
      const cpuMs: number[] = [];
      let before = await list.body(model, "gzip");
      for (let n = 1; n <= 20; n += 1) {
        const city = 1 + ((n * 7_919) % 100_000);
        model.put(name === "cities" ? blockOf([{ id: city, name: `New ${n}` }]) : blockOf([randomValue(n, city)]));
        const started = process.cpuUsage();
        const body = await list.body(model, "gzip");
        const { user, system } = process.cpuUsage(started);
        cpuMs.push((user + system) / 1_000);
        // The start, the end, and what changed.
        expect(body.parts.filter((part) => !before.parts.includes(part)).length).toBeLessThanOrEqual(3);
        before = body;
      }
      expect(cpuMs.sort((a, b) => a - b)[10]).toBeLessThan(10);
    }
  });
});

describe("ready forms", () => {
  test("are bounded: what is beyond the bound is made when it is sent", async () => {
    const bound = 8 * BLOCK_BYTES;
    const cache = new FormCache(() => bound);
    const { weather, forecast } = listsOf(cache);
    const model = filled(60, 600);
    for (const list of [weather, forecast]) {
      for (const encoding of ["identity", "gzip"] as const) {
        const body = await list.body(model, encoding);
        expect(cache.bytes).toBeLessThanOrEqual(bound);
        expect(bytesOf(body).length).toBeGreaterThan(0);
      }
    }
    expect(cache.bytes).toBeGreaterThan(bound / 2);
  });

  test("are given up when the bound falls, and no list changes by that", async () => {
    let bound = 1e9;
    const cache = new FormCache(() => bound);
    const model = filled(60, 600);
    const { weather } = listsOf(cache);
    const before = Buffer.from(bytesOf(await weather.body(model, "gzip")));
    expect(cache.bytes).toBeGreaterThan(0);
    bound = 0;
    cache.trim();
    expect(cache.bytes).toBe(0);
    expect(gunzipSync(bytesOf(await weather.body(model, "gzip"))).equals(gunzipSync(before))).toBe(true);
    expect(cache.bytes).toBe(0);
  });

  test("are counted while they are made, and given up afterwards", async () => {
    let bound = 1e9;
    const cache = new FormCache(() => bound);
    const making = listsOf(cache).cities.body(filled(100_000, 0), "gzip");
    while (cache.bytes === 0) await nextTurn();
    bound = 0;
    cache.trim();
    expect(cache.bytes).toBeGreaterThan(0);
    await making;
    cache.trim();
    expect(cache.bytes).toBe(0);
  });

  test("that are ready are the same for all requests, without a wait", async () => {
    const model = filled(9, 80);
    const { weather } = listsOf(new FormCache(() => 1e9));
    const [one, other] = [weather.body(model, "gzip"), weather.body(model, "gzip")];
    expect(await one).toBe(await other);
    expect(weather.body(model, "gzip")).toBe(await one);
  });

  test("do not keep old blocks in memory: they are let go with the list", async () => {
    const model = filled(9, 80);
    const { weather } = listsOf(new FormCache(() => 1e9));
    await weather.body(model, "gzip");
    const old = model.blocks;
    for (let id = 1; id <= 9; id += 1) model.put(blockOf([{ id, name: `New ${id}` }]));
    expect([...weather.held()].filter(({ isReplaced }) => isReplaced)).toEqual([...old]);
    weather.release();
    expect([...weather.held()]).toEqual([]);
  });
});
