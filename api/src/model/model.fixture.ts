import type { City, Value } from "../../test/faults/api-client.ts";
import { Block, CITY_ENTRY } from "./block.ts";
import { endsOf } from "./columns.ts";
import { ModelLoader } from "./model-loader.ts";
import type { ReadModel } from "./read-model.ts";

type Entry = City | Value;

const cityOf = (entry: Entry) => ("cityId" in entry ? entry.cityId : entry.id);
const idOf = (entry: Entry) => ("cityId" in entry ? entry.id : CITY_ENTRY);

/** The entries as the database sends them: in the order of city and id. */
export function blockOf(entries: readonly Entry[]): Block {
  const inOrder = entries.toSorted((a, b) => cityOf(a) - cityOf(b) || (idOf(a) < idOf(b) ? -1 : 1));
  const jsons = inOrder.map((entry) => JSON.stringify(entry));
  return new Block({
    cities: Float64Array.from(inOrder, cityOf),
    ids: Float64Array.from(inOrder, idOf),
    times: BigInt64Array.from(inOrder, (entry) => BigInt("cityId" in entry ? entry.dateTime : 0)),
    ends: endsOf(jsons.map((json) => Buffer.byteLength(json))),
    json: new TextEncoder().encode(jsons.join()),
  });
}

/** The same data in the plainest form there is. */
export class NaiveModel {
  readonly cities = new Map<number, City>();
  readonly values = new Map<number, Value>();

  put(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if ("cityId" in entry) this.values.set(entry.id, entry);
      else this.cities.set(entry.id, entry);
    }
  }

  get sortedCities(): City[] {
    return [...this.cities.values()].sort((a, b) => a.id - b.id);
  }

  list(shape: "cities" | "weather" | "forecast", selected: (value: Value) => boolean = () => true): string {
    if (shape === "cities") return JSON.stringify(this.sortedCities);
    const byCity = Map.groupBy([...this.values.values()].filter(selected), ({ cityId }) => cityId);
    return JSON.stringify(
      this.sortedCities.map((city) => {
        const forecast = (byCity.get(city.id) ?? []).sort((a, b) => a.id - b.id);
        return shape === "weather" ? { ...city, forecast } : { city, forecast };
      }),
    );
  }

  /** What the database would send for a load, in pages of some entries. */
  *pages(entriesPerPage: number): Generator<Block> {
    const whole = blockOf([...this.cities.values(), ...this.values.values()]);
    for (let from = 0; from < whole.length; from += entriesPerPage)
      yield whole.slice(from, Math.min(whole.length, from + entriesPerPage));
  }
}

export function loadedFrom(naive: NaiveModel, entriesPerPage: number, previous?: ReadModel): ReadModel {
  const loader = new ModelLoader(previous);
  for (const page of naive.pages(entriesPerPage)) loader.add(page);
  return loader.end();
}

/** Cities with the same number of values each. */
export function filled(cities: number, valuesPerCity: number, name = (id: number) => `City ${id}`): ReadModel {
  const naive = new NaiveModel();
  for (let id = 1; id <= cities; id += 1) naive.put([{ id, name: name(id) }]);
  for (let id = 1; id <= cities * valuesPerCity; id += 1) naive.put([randomValue(id, 1 + ((id - 1) % cities))]);
  return loadedFrom(naive, 500);
}

const SUMMARIES = ["Snow", "Sunny", null, "Light rain", "Дождь"];

/** A value with random figures, as the sample data have. */
export function randomValue(id: number, cityId: number): Value {
  const random = ((id * 2_654_435_761) >>> 0) / 2 ** 32;
  return {
    id,
    cityId,
    dateTime: 1_700_000_000_000 + Math.floor(random * 1e9) * 100,
    temperature: Math.floor(random * 80) - 40,
    summary: SUMMARIES[Math.floor(random * 1e6) % SUMMARIES.length] ?? null,
  };
}
