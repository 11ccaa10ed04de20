import { describe, expect, test } from "bun:test";
import { isCity, isCityList, isValue, isWeatherText } from "./bodies.ts";

const city = { id: 1, name: "Суздаль" };
const value = { id: 5, cityId: 1, dateTime: 1_700_000_000_000, temperature: -3, summary: "~Cool" };

describe("a body is right", () => {
  test("as a city with an id and a name", () => {
    expect(isCity(city)).toBeTrue();
    for (const wrong of [null, [], { id: "1", name: "x" }, { id: 1, name: "" }, { id: 1 }])
      expect(isCity(wrong)).toBeFalse();
  });

  test("as a list of cities in the order of their ids that has all those known", () => {
    const list = [city, { id: 3, name: "Углич" }];
    expect(isCityList(list, [1, 3])).toBeTrue();
    expect(isCityList(list, [2])).toBeFalse();
    expect(isCityList(list.toReversed(), [])).toBeFalse();
    expect(isCityList([city, city], [])).toBeFalse();
    expect(isCityList({ cities: list }, [])).toBeFalse();
  });

  test("as a value that says what was asked for or stored", () => {
    expect(isValue(value, { id: 5, cityId: 1 })).toBeTrue();
    expect(isValue({ ...value, summary: null })).toBeTrue();
    expect(isValue(value, { id: 6 })).toBeFalse();
    expect(isValue({ ...value, temperature: "warm" })).toBeFalse();
  });

  test("as the weather of all known cities, each value in its own", () => {
    const isWeather = (body: unknown, known: Parameters<typeof isWeatherText>[1]) =>
      isWeatherText(JSON.stringify(body), known);
    const weather = [{ ...city, forecast: [value] }];
    expect(isWeather(weather, [{ id: 1, values: [5] }])).toBeTrue();
    expect(isWeather(weather, [{ id: 1, values: [5, 6] }])).toBeFalse();
    expect(isWeather(weather, [{ id: 2, values: [] }])).toBeFalse();
    expect(isWeather([{ ...city, forecast: [{ ...value, cityId: 2 }] }], [])).toBeFalse();
    expect(isWeather([city], [])).toBeFalse();
    expect(isWeatherText("no JSON", [])).toBeFalse();
  });

  test("as a large weather when it is whole", () => {
    const forecast = Array.from({ length: 13_000 }, (_, index) => ({ ...value, id: index + 1 }));
    const text = JSON.stringify([
      { ...city, forecast },
      { id: 2, name: "Углич", forecast: [] },
    ]);
    expect(text.length).toBeGreaterThan(1_000_000);
    const known = [city, { id: 2 }].map(({ id }) => ({ id, values: [] }));
    expect(isWeatherText(text, known)).toBeTrue();
    expect(isWeatherText(JSON.stringify([{ ...city, forecast }]), known.slice(1))).toBeTrue();
    expect(isWeatherText(text, [...known, { id: 3, values: [] }])).toBeFalse();
    expect(isWeatherText(text.slice(0, -20), known)).toBeFalse();
    expect(isWeatherText(`${text.slice(0, -20)}]`, known)).toBeFalse();
  });
});
