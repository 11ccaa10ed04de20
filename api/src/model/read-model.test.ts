import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import type { City, Value } from "../../test/faults/api-client.ts";
import { BLOCK_BYTES, type Block, CITY_ENTRY, MAX_BLOCK_BYTES } from "./block.ts";
import { concatenated } from "./columns.ts";
import { checksumOf } from "./crc32.ts";
import { FormCache } from "./form-cache.ts";
import type { ListBody } from "./forms.ts";
import { List, selectedBody } from "./list.ts";
import { blockOf, loadedFrom, NaiveModel } from "./model.fixture.ts";
import { ReadModel } from "./read-model.ts";
import { FORECAST_SHAPE, WEATHER_SHAPE } from "./render.ts";

setDefaultTimeout(60_000);

/** What one change of the database brings. */
interface Change {
  readonly cities: readonly City[];
  readonly values: readonly Value[];
}

const cityId = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: -3, max: 400 }), fc.constant(2 ** 40));
const valueId = fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: -50, max: 0 }), fc.constant(2 ** 45));
const text = fc.oneof(
  { weight: 20, arbitrary: fc.string({ maxLength: 30, unit: "grapheme" }) },
  { weight: 1, arbitrary: fc.constantFrom("ж".repeat(9_000), "x".repeat(BLOCK_BYTES), "y".repeat(3 * BLOCK_BYTES)) },
);
const city = fc.record({ id: cityId, name: text });
const value: fc.Arbitrary<Value> = fc.record({
  id: valueId,
  cityId,
  dateTime: fc.integer({ min: 0, max: 1_000 }),
  temperature: fc.integer({ min: -50, max: 50 }),
  summary: fc.option(text),
});
/** Values with neighbouring ids in one city, as a loader of data adds them. */
const run: fc.Arbitrary<Value[]> = fc
  .record({ value, count: fc.integer({ min: 1, max: 1_200 }), step: fc.constantFrom(1, -1, 2) })
  .map(({ value, count, step }) =>
    Array.from({ length: count }, (_, index) => ({ ...value, summary: "run", id: (value.id % 5_000) + index * step })),
  );
const change: fc.Arbitrary<Change> = fc.record({
  cities: fc.uniqueArray(city, { selector: ({ id }) => id, maxLength: 300 }),
  values: fc
    .oneof(fc.array(value, { maxLength: 60 }), run)
    .map((values) => [...new Map(values.map((one) => [one.id, one])).values()]),
});
const history = fc.record({
  loaded: change,
  entriesPerPage: fc.constantFrom(1, 7, 500, 10_000),
  changes: fc.array(change, { maxLength: 8 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

class Pair {
  readonly model: ReadModel;
  readonly naive = new NaiveModel();

  constructor({ loaded, entriesPerPage }: Omit<History, "changes">) {
    this.naive.put([...loaded.cities, ...loaded.values]);
    this.model = loadedFrom(this.naive, entriesPerPage);
  }

  put({ cities, values }: Change): void {
    this.model.put(blockOf([...cities, ...values]));
    this.naive.put([...cities, ...values]);
  }
}

/** Compared as a truth value: a failing comparison of megabytes would be printed. */
function sameText(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).equals(Buffer.from(text));
}

function decoded({ encoding, parts }: ListBody): Uint8Array {
  const bytes = concatenated(parts.flatMap((part) => part.bytes().chunks));
  return encoding === "gzip" ? gunzipSync(bytes) : bytes;
}

const listsOf = (boundBytes: number) => {
  const cache = new FormCache(() => boundBytes);
  return {
    cities: List.ofCities(cache),
    weather: List.ofForecasts(cache, WEATHER_SHAPE),
    forecast: List.ofForecasts(cache, FORECAST_SHAPE),
  } as const;
};
const SHAPES = ["cities", "weather", "forecast"] as const;
const ENCODINGS = ["identity", "gzip"] as const;

function expectOrder(blocks: readonly Block[]): void {
  const keys = blocks.flatMap(({ cities, ids }) => [...ids].map((id, index) => [cities[index] ?? 0, id] as const));
  for (const [index, [city, id]] of keys.entries()) {
    const [before, idBefore] = keys[index - 1] ?? [Number.NEGATIVE_INFINITY, 0];
    if (!(before < city || (before === city && idBefore < id))) throw new Error(`entry ${index} is out of order`);
  }
}

describe("the read model", () => {
  test("answers as a plain map would, whatever order cities and values come, change and move in", () => {
    fc.assert(
      fc.property(history, ({ changes, ...start }) => {
        const pair = new Pair(start);
        const { model, naive } = pair;
        for (const each of changes) pair.put(each);
        expect(model.rows).toBe(naive.values.size);
        expect(model.cities).toBe(naive.cities.size);
        for (const one of naive.values.values()) {
          if (!sameText(model.forecastJson(one.id) ?? new Uint8Array(), JSON.stringify(one)))
            throw new Error(`value ${one.id} is not what was put last`);
        }
        for (const one of naive.cities.values()) {
          if (!sameText(model.cityJson(one.id) ?? new Uint8Array(), JSON.stringify(one)))
            throw new Error(`city ${one.id} is not what was put last`);
        }
        for (const id of [-4, 401, 2 ** 45 - 1, 1e15, Number.NaN]) {
          expect(model.cityJson(id)).toBeUndefined();
          expect(model.forecastJson(id) === undefined).toBe(!naive.values.has(id));
        }
        expectOrder(model.blocks);
        for (const block of model.blocks)
          if (block.length > 1) expect(block.json.length).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 60_000, 1e9])(
    "gives lists that are JSON.stringify of a plain map, with %d bytes of ready forms",
    (bound) =>
      fc.assert(
        fc.asyncProperty(history, async ({ changes, ...start }) => {
          const pair = new Pair(start);
          const lists = listsOf(bound);
          for (const each of [undefined, ...changes]) {
            if (each) pair.put(each);
            for (const shape of SHAPES) {
              const expected = pair.naive.list(shape);
              for (const encoding of ENCODINGS) {
                const body = await lists[shape].body(pair.model, encoding);
                expect(body.checksum).toEqual(checksumOf(Buffer.from(expected)));
                if (!sameText(decoded(body), expected)) throw new Error(`${shape} in ${encoding} differs`);
              }
            }
          }
        }),
        { numRuns: 25 },
      ),
  );

  test("never changes a list that was given out, whatever is edited later", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom(0, 60_000, 1e9), async ({ changes, ...start }, bound) => {
        const pair = new Pair(start);
        const lists = listsOf(bound);
        const given: { body: ListBody | Promise<ListBody>; expected: string }[] = [];
        for (const each of [undefined, ...changes]) {
          if (each) pair.put(each);
          // Not awaited: the next edits come while they are made, as requests do.
          for (const shape of SHAPES)
            for (const encoding of ENCODINGS)
              given.push({ body: lists[shape].body(pair.model, encoding), expected: pair.naive.list(shape) });
          if (given.length % 2 === 0) await Promise.resolve();
        }
        for (const { body, expected } of given) {
          if (!sameText(decoded(await body), expected)) throw new Error("a list changed after it was given out");
        }
      }),
      { numRuns: 25 },
    );
  });

  test("narrows lists by city, time and number of values of each city", async () => {
    const selection = fc.record({
      cityId: fc.option(cityId, { nil: undefined }),
      from: fc.option(fc.integer({ min: 0, max: 1_000 }).map(BigInt), { nil: undefined }),
      to: fc.option(fc.integer({ min: 0, max: 1_000 }).map(BigInt), { nil: undefined }),
      limit: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(history, selection, async ({ changes, ...start }, selection) => {
        const { from = 0n, to = 10_000n, limit = Number.POSITIVE_INFINITY } = selection;
        const pair = new Pair(start);
        for (const each of changes) pair.put(each);
        const counts = new Map<number, number>();
        const all = new NaiveModel();
        const cities = [...pair.naive.cities.values()];
        all.put(selection.cityId === undefined ? cities : cities.filter(({ id }) => id === selection.cityId));
        for (const one of [...pair.naive.values.values()].sort((a, b) => a.id - b.id)) {
          const time = BigInt(one.dateTime);
          const count = counts.get(one.cityId) ?? 0;
          if (time < from || time >= to || count >= limit) continue;
          counts.set(one.cityId, count + 1);
          all.put([one]);
        }
        for (const encoding of ENCODINGS) {
          const body = await selectedBody(pair.model, WEATHER_SHAPE, selection, encoding);
          expect(body.checksum).toEqual(checksumOf(Buffer.from(all.list("weather"))));
          if (!sameText(decoded(body), all.list("weather")))
            throw new Error(`the narrowed list differs in ${encoding}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("keeps values of a city that does not exist to itself until the city comes", async () => {
    const model = new ReadModel();
    const values = Array.from({ length: 2_000 }, (_, index) => ({
      id: index + 1,
      cityId: 7,
      dateTime: index,
      temperature: 1,
      summary: null,
    }));
    model.put(blockOf(values));
    const { weather } = listsOf(1e9);
    expect(sameText(decoded(await weather.body(model, "identity")), "[]")).toBe(true);
    expect(sameText(model.forecastJson(1) ?? new Uint8Array(), JSON.stringify(values[0]))).toBe(true);
    model.put(blockOf([{ id: 7, name: "Later" }]));
    const expected = JSON.stringify([{ id: 7, name: "Later", forecast: values }]);
    expect(sameText(decoded(await weather.body(model, "identity")), expected)).toBe(true);
    expect(model.rows).toBe(2_000);
  });
});

describe("a load", () => {
  test("takes the unchanged blocks from the model before it, whatever changed in between", () => {
    fc.assert(
      fc.property(history, fc.array(valueId, { maxLength: 20 }), ({ changes, ...start }, deleted) => {
        const pair = new Pair(start);
        for (const each of changes) pair.put(each);
        const after = new NaiveModel();
        after.put([...pair.naive.cities.values(), ...pair.naive.values.values()]);
        for (const id of deleted) after.values.delete(id);
        const model = loadedFrom(after, start.entriesPerPage, pair.model);
        expectOrder(model.blocks);
        expect(model.rows).toBe(after.values.size);
        const json = (blocks: readonly Block[]) => blocks.map(({ json }) => Buffer.from(json).toString()).join();
        const fresh = loadedFrom(after, start.entriesPerPage);
        expect(json(model.blocks) === json(fresh.blocks)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("of the same rows shares all blocks that are not short; after a delete, all but those around it", () => {
    const naive = new NaiveModel();
    for (let id = 1; id <= 40; id += 1) naive.put([{ id, name: `City ${id}` }]);
    for (let id = 1; id <= 20_000; id += 1)
      naive.put([{ id, cityId: 1 + (id % 40), dateTime: id, temperature: 0, summary: null }]);
    const before = loadedFrom(naive, 400);
    const shared = (model: ReadModel) => model.blocks.filter((block) => before.blocks.includes(block)).length;
    expect(shared(loadedFrom(naive, 333, before))).toBe(before.blocks.length);
    naive.values.delete(777);
    expect(shared(loadedFrom(naive, 333, before))).toBeGreaterThanOrEqual(before.blocks.length - 2);
  });
});

describe("a block", () => {
  test("that came from a larger one holds no more memory than it needs", () => {
    const values = Array.from({ length: 300 }, (_, index) => ({
      id: index + 1,
      cityId: 1,
      dateTime: 1,
      temperature: 0,
      summary: "x",
    }));
    const whole = blockOf(values);
    expect(whole.slice(0, 30).heldBytes).toBeLessThan(whole.heldBytes / 4);
    expect(whole.with(blockOf(values)).heldBytes).toBeLessThan(1.2 * whole.heldBytes);
  });

  test("keeps its entries when others are appended to its buffer", () => {
    const one = (id: number) => blockOf([{ id, cityId: 1, dateTime: 1, temperature: 0, summary: "x".repeat(id) }]);
    let block = one(1);
    const seen: { block: Block; json: string }[] = [];
    for (let id = 2; id < 100; id += 1) {
      seen.push({ block, json: Buffer.from(block.json).toString() });
      block = block.with(one(id));
    }
    for (const { block, json } of seen) expect(Buffer.from(block.json).toString()).toBe(json);
    expect(block.jsonOf(1, 55)).toEqual(one(55).json);
    expect(block.jsonOf(1, CITY_ENTRY)).toBeUndefined();
  });
});
