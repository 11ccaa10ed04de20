import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { Block, endsOf, ROWS_PER_BLOCK } from "./block.ts";
import { checksumOf } from "./crc32.ts";
import { ENCODINGS, type EncodingName } from "./encodings.ts";
import { concatenated, FORECAST_SHAPE, ListBuilder, ListCache, WEATHER_SHAPE } from "./list-body.ts";
import { type CityBlocks, ReadModel } from "./read-model.ts";

setDefaultTimeout(60_000);

interface City {
  readonly id: number;
  readonly name: string;
}
interface Value {
  readonly id: number;
  readonly cityId: number;
  readonly dateTime: number;
  readonly temperature: number;
  readonly summary: string | null;
}

const encode = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

/** @param values of one city */
function blockOf(values: readonly Value[]): Block {
  const inOrder = values.toSorted((a, b) => a.id - b.id);
  return Block.of({
    ids: Float64Array.from(inOrder, ({ id }) => id),
    times: BigInt64Array.from(inOrder, ({ dateTime }) => BigInt(dateTime)),
    ends: endsOf(inOrder.map((value) => encode(value).length)),
    json: encode(inOrder).slice(1, -1),
  });
}

/** The same data in the plainest form there is. */
class NaiveModel {
  readonly cities = new Map<number, City>();
  readonly values = new Map<number, Value>();

  valuesOf(cityId: number): Value[] {
    return [...this.values.values()].filter((value) => value.cityId === cityId).sort((a, b) => a.id - b.id);
  }

  get sortedCities(): City[] {
    return [...this.cities.values()].sort((a, b) => a.id - b.id);
  }

  list(shape: "weather" | "forecast"): string {
    return JSON.stringify(
      this.sortedCities.map((city) => {
        const forecast = this.valuesOf(city.id);
        return shape === "weather" ? { ...city, forecast } : { city, forecast };
      }),
    );
  }
}

class Pair {
  readonly model = new ReadModel();
  readonly naive = new NaiveModel();
  #edits = 0;

  putCity(city: City): void {
    this.model.putCity({ id: city.id, json: encode(city) });
    this.naive.cities.set(city.id, city);
  }

  /** Puts values with these ids, each into the city that `cityOf` says, as one change. */
  put(ids: readonly number[], cityOf: (id: number) => number): void {
    const values = ids.map((id) => {
      this.#edits += 1;
      const summary = ["Snow", null, "\u{1f327}".repeat(this.#edits % 40), '"\\'][this.#edits % 4] ?? null;
      return { id, cityId: cityOf(id), dateTime: (this.#edits * 7_919) % 100_003, temperature: this.#edits, summary };
    });
    for (const [cityId, ofCity] of Map.groupBy(values, (value) => value.cityId)) {
      this.model.putForecasts(cityId, blockOf(ofCity));
    }
    for (const value of values) this.naive.values.set(value.id, value);
  }

  /** As the first load does: blocks of a city's values in the order of their ids. */
  load(cityId: number, ids: readonly number[]): void {
    for (let at = 0; at < ids.length; at += ROWS_PER_BLOCK) {
      const values = ids.slice(at, at + ROWS_PER_BLOCK).map((id) => {
        this.#edits += 1;
        return { id, cityId, dateTime: this.#edits, temperature: 0, summary: null };
      });
      this.model.putBlock(cityId, blockOf(values));
      for (const value of values) this.naive.values.set(value.id, value);
    }
  }
}

/** One step of a history: rows with neighbouring ids, in some order, put into a city wherever they were before. */
interface Burst {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** Zero spreads them over all cities. */
  readonly cityId: number;
  readonly order: "up" | "down" | "mixed";
  /** Rows that arrive as one change. */
  readonly together: number;
}

const burst: fc.Arbitrary<Burst> = fc.record({
  first: fc.oneof(
    fc.integer({ min: 1, max: 5 * ROWS_PER_BLOCK }),
    fc.integer({ min: -50, max: 0 }),
    fc.constant(2 ** 45),
  ),
  step: fc.integer({ min: 1, max: 3 }),
  count: fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: ROWS_PER_BLOCK - 100, max: Math.floor(2.5 * ROWS_PER_BLOCK) }),
  ),
  cityId: fc.integer({ min: 0, max: 4 }),
  order: fc.constantFrom("up" as const, "down" as const, "mixed" as const),
  together: fc.constantFrom(1, 3, 100, ROWS_PER_BLOCK + 1, 4 * ROWS_PER_BLOCK),
});
const history = fc.record({
  loaded: fc.array(fc.nat({ max: Math.floor(2.5 * ROWS_PER_BLOCK) }), { minLength: 4, maxLength: 4 }),
  bursts: fc.array(burst, { minLength: 1, maxLength: 8 }),
});

function* changesOf({ first, step, count, order, together }: Burst): Generator<number[]> {
  const up = Array.from({ length: count }, (_, index) => first + index * step);
  const ids =
    order === "up" ? up : order === "down" ? up.toReversed() : up.toSorted((a, b) => scattered(a) - scattered(b));
  for (let at = 0; at < ids.length; at += together) yield ids.slice(at, at + together);
}

/** A number that tells nothing of the order of ids. */
function scattered(id: number): number {
  return (Math.abs(id) * 7_919) % 1_009;
}

const cityOf = (burst: Burst) => (id: number) => burst.cityId || 1 + (Math.abs(id) % 4);

function loadedPair(counts: readonly number[]): Pair {
  const pair = new Pair();
  // City 5 never gets a value; the others are given out of order.
  for (const id of [3, 1, 5, 2, 4]) pair.putCity({ id, name: `City ${id}` });
  let next = 1;
  for (const [index, count] of counts.entries()) {
    pair.load(
      index + 1,
      Array.from({ length: count }, () => next++),
    );
  }
  return pair;
}

const builders = () =>
  Object.fromEntries(
    (["identity", "gzip", "zstd"] as const).map((name) => [
      name,
      {
        weather: new ListBuilder(WEATHER_SHAPE, ENCODINGS[name]),
        forecast: new ListBuilder(FORECAST_SHAPE, ENCODINGS[name]),
      },
    ]),
  ) as Record<EncodingName, { weather: ListBuilder; forecast: ListBuilder }>;

const DECODE: Readonly<Record<EncodingName, (bytes: Uint8Array) => Uint8Array>> = {
  identity: (bytes) => bytes,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};

/** Compared as a truth value: a failing comparison of megabytes would be printed. */
function sameText(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).equals(Buffer.from(text));
}

describe("the read model", () => {
  test("answers as a plain map would, whatever order values come, change and move in", () => {
    fc.assert(
      fc.property(history, ({ loaded, bursts }) => {
        const pair = loadedPair(loaded);
        const { model, naive } = pair;
        for (const burst of bursts) for (const ids of changesOf(burst)) pair.put(ids, cityOf(burst));
        expect(model.rows).toBe(naive.values.size);
        for (const value of naive.values.values()) {
          if (!sameText(model.forecastJson(value.id) ?? new Uint8Array(), JSON.stringify(value)))
            throw new Error(`value ${value.id} is not what was put last`);
        }
        for (const id of [0, -51, 2 ** 45 - 1, 1e15, Number.NaN]) {
          expect(model.forecastJson(id) === undefined).toBe(!naive.values.has(id));
        }
        expect(model.cities.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
        for (const { city, blocks } of model.snapshot()) {
          const values = naive.valuesOf(city.id);
          expect(blocks.flatMap(({ ids }) => [...ids])).toEqual(values.map(({ id }) => id));
          expect(blocks.flatMap(({ times }) => [...times])).toEqual(values.map(({ dateTime }) => BigInt(dateTime)));
          for (const block of blocks) expect(block.rows).toBeLessThan(2 * ROWS_PER_BLOCK);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("gives lists that are JSON.stringify of a plain map, in every encoding, built again after every step", async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ loaded, bursts }) => {
        const pair = loadedPair(loaded);
        const lists = builders();
        for (const burst of [undefined, ...bursts]) {
          if (burst) for (const ids of changesOf(burst)) pair.put(ids, cityOf(burst));
          for (const shape of ["weather", "forecast"] as const) {
            const expected = pair.naive.list(shape);
            for (const name of ["identity", "gzip", "zstd"] as const) {
              const body = await lists[name][shape].build(pair.model.snapshot());
              expect(body.length).toBe(body.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
              expect(body.checksum).toEqual(checksumOf(Buffer.from(expected)));
              expect(sameText(DECODE[name](concatenated(body.chunks)), expected)).toBe(true);
            }
          }
        }
      }),
      { numRuns: 8 },
    );
  });

  test("never changes a snapshot or a list that was given out, whatever is edited later", async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ loaded, bursts }) => {
        const pair = loadedPair(loaded);
        const lists = builders();
        const given: { snapshot: CityBlocks[]; expected: string; list: Promise<Uint8Array> }[] = [];
        const take = (): void => {
          const snapshot = pair.model.snapshot();
          // Not awaited: the next edits come while it is being built, as requests do.
          const list = lists.gzip.weather.build(snapshot).then(({ chunks }) => gunzipSync(concatenated(chunks)));
          given.push({ snapshot, expected: pair.naive.list("weather"), list });
        };
        take();
        for (const burst of bursts) {
          const changes = [...changesOf(burst)];
          for (const [index, ids] of changes.entries()) {
            pair.put(ids, cityOf(burst));
            if (index === changes.length >> 1) take();
          }
          await Promise.resolve();
          take();
        }
        for (const { snapshot, expected, list } of given) {
          expect(sameText(await list, expected)).toBe(true);
          const { chunks } = await new ListBuilder(WEATHER_SHAPE, ENCODINGS.identity).build(snapshot);
          expect(sameText(concatenated(chunks), expected)).toBe(true);
        }
      }),
      { numRuns: 8 },
    );
  });

  test("keeps values of a city that does not exist to itself until the city comes", async () => {
    const pair = new Pair();
    pair.put([1], () => 7);
    const list = async () =>
      Buffer.from(
        concatenated((await new ListBuilder(WEATHER_SHAPE, ENCODINGS.identity).build(pair.model.snapshot())).chunks),
      ).toString();
    expect(await list()).toBe("[]");
    expect(pair.model.forecastJson(1)).toBeDefined();
    pair.putCity({ id: 7, name: "Late" });
    expect(await list()).toBe(pair.naive.list("weather"));
  });

  test("counts its bytes: at least those of the JSON it holds, and more with compressed forms", async () => {
    const pair = loadedPair([3_000, 0, 0, 0]);
    const json = pair.model
      .snapshot()
      .flatMap(({ blocks }) => blocks)
      .reduce((sum, block) => sum + block.json.length, 0);
    const before = pair.model.bytes;
    expect(before).toBeGreaterThan(json);
    expect(before).toBeLessThan(2 * json);
    await builders().gzip.weather.build(pair.model.snapshot());
    expect(pair.model.bytes).toBeGreaterThan(before);
  });
});

describe("a block", () => {
  const ids = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 100 });
  const value = (id: number): Value => ({ id, cityId: 1, dateTime: id, temperature: 0, summary: "x".repeat(id % 9) });
  const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);

  /** Puts the rows in as `first` says at once, and then the others one by one in their order. */
  function grown(ids: readonly number[], first: number): Block {
    const start = blockOf(ids.slice(0, first).map(value));
    return ids.slice(first).reduce((block, id) => block.with(blockOf([value(id)])), start);
  }

  test("gives the JSON of a run of its rows, and of one by its id", () => {
    fc.assert(
      fc.property(ids, fc.nat(), fc.nat(), fc.nat(), (ids, a, b, first) => {
        const block = grown(ids, 1 + (first % ids.length));
        const values = sorted(ids).map(value);
        const from = a % values.length;
        const to = from + 1 + (b % (values.length - from));
        const run = JSON.stringify(values.slice(from, to)).slice(1, -1);
        expect(sameText(block.jsonBetween(from, to), run)).toBe(true);
        for (const one of values) {
          expect(sameText(block.jsonOf(one.id) ?? new Uint8Array(), JSON.stringify(one))).toBe(true);
        }
        expect(block.jsonOf(301)).toBeUndefined();
        expect(block.checksum).toEqual(checksumOf(block.json));
      }),
    );
  });

  test("takes rows between, before and behind its own at once, and replaces those it has", () => {
    fc.assert(
      fc.property(ids, ids, (before, put) => {
        const block = grown(before, before.length);
        const unchanged = Buffer.from(block.json).toString();
        const replacing = sorted(put).map((id) => ({ ...value(id), temperature: 99 }));
        const after = block.with(blockOf(replacing));
        const expected = new Map([...before.map(value), ...replacing].map((value) => [value.id, value]));
        const values = sorted([...expected.keys()]).map((id) => expected.get(id));
        expect(sameText(after.json, JSON.stringify(values).slice(1, -1))).toBe(true);
        expect([...after.times]).toEqual(values.map((value) => BigInt(value?.dateTime ?? 0)));
        expect(after.checksum).toEqual(checksumOf(after.json));
        expect(Buffer.from(block.json).toString()).toBe(unchanged);
      }),
    );
  });

  test("that is cut or loses rows still holds the others, down to the last", () => {
    fc.assert(
      fc.property(ids, fc.nat(), (ids, place) => {
        const block = grown(ids, 1);
        const cut = place % ids.length;
        const parts = (
          cut === 0
            ? [[0, ids.length]]
            : [
                [0, cut],
                [cut, ids.length],
              ]
        ).map(([from = 0, to = 0]) => block.slice(from, to));
        expect(parts.flatMap((part) => [...part.ids])).toEqual(sorted(ids));
        expect(parts.map((part) => Buffer.from(part.json).toString()).join()).toBe(Buffer.from(block.json).toString());
        for (const part of parts) expect(part.checksum).toEqual(checksumOf(part.json));
        let left: Block | undefined = block;
        for (const [index, id] of ids.entries()) {
          left = left?.without(id);
          const others = sorted(ids.slice(index + 1));
          expect(left ? [...left.ids] : []).toEqual(others);
          if (left) expect(sameText(left.json, JSON.stringify(others.map(value)).slice(1, -1))).toBe(true);
        }
        expect(left).toBeUndefined();
        expect(block.without(501)).toBe(block);
      }),
    );
  });

  test("that came from a larger one holds no more memory than it needs", () => {
    const whole = grown(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
      1_000,
    );
    expect(whole.slice(0, 100).heldBytes).toBeLessThan(whole.heldBytes / 5);
    const replaced = whole.with(blockOf(Array.from({ length: 1_000 }, (_, index) => value(index + 1))));
    expect(replaced.heldBytes).toBeLessThan(1.3 * whole.heldBytes);
  });
});

describe("a list", () => {
  test("is built once for a revision and an encoding, for any number of requests", async () => {
    const pair = loadedPair([2_000, 600, 0, 0]);
    const cache = new ListCache(WEATHER_SHAPE);
    const [one, other] = [cache.body(pair.model, "gzip"), cache.body(pair.model, "gzip")];
    expect(await one).toBe(await other);
    const before = pair.naive.list("weather");
    pair.put([5_000], () => 3);
    const after = await cache.body(pair.model, "gzip");
    expect(after).not.toBe(await one);
    expect(sameText(gunzipSync(concatenated((await one).chunks)), before)).toBe(true);
    expect(sameText(gunzipSync(concatenated(after.chunks)), pair.naive.list("weather"))).toBe(true);
  });

  test("of another model is another list, even at the same revision", async () => {
    const cache = new ListCache(WEATHER_SHAPE);
    const [one, other] = [loadedPair([1, 0, 0, 0]), loadedPair([0, 1, 0, 0])];
    expect(one.model.revision).toBe(other.model.revision);
    for (const pair of [one, other, one]) {
      const body = await cache.body(pair.model, "identity");
      expect(sameText(concatenated(body.chunks), pair.naive.list("weather"))).toBe(true);
    }
  });

  test("without cities is an empty one", async () => {
    for (const name of ["identity", "gzip", "zstd"] as const) {
      const { chunks } = await new ListBuilder(FORECAST_SHAPE, ENCODINGS[name]).build([]);
      expect(sameText(DECODE[name](concatenated(chunks)), "[]")).toBe(true);
    }
  });
});
