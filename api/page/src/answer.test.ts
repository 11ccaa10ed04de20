import { describe, expect, test } from "bun:test";
import { mergeAnswers, readAnswer } from "./answer.ts";

const body = (cities: unknown): string => JSON.stringify(cities);
const value = (dateTime: number, temperature: unknown = 1, summary: unknown = "Cool") => ({
  id: 1,
  cityId: 1,
  dateTime,
  temperature,
  summary,
});

describe("readAnswer", () => {
  test("takes dates in seconds and in milliseconds, and sorts by time", () => {
    const [city] = readAnswer(
      body([{ id: 1, name: "Углич", forecast: [value(1_700_003_600_000), value(1_700_000_000)] }]),
    );
    expect(city?.readings.map((reading) => reading.time)).toEqual([1_700_000_000_000, 1_700_003_600_000]);
  });

  test("keeps ids beyond 2^53 apart, which plain JSON.parse would make one", () => {
    const text = '[{"id":9007199254740992,"name":"a","forecast":[]},{"id":9007199254740993,"name":"b","forecast":[]}]';
    expect(readAnswer(text).map((city) => city.key)).toEqual(["9007199254740992", "9007199254740993"]);
  });

  test("leaves a name alone that looks like a long id", () => {
    const name = '"id":12345678901234567890';
    expect(readAnswer(body([{ id: 1, name, forecast: [] }]))[0]?.name).toBe(name);
  });

  test("leaves out and counts values whose date is in no calendar or whose temperature is none", () => {
    const text = body([
      { id: 1, name: "a", forecast: [value(9e18), value(1_700_000_000, "warm"), value(1_700_000_000, 5)] },
    ]);
    const [city] = readAnswer(text);
    expect(city?.readings.map((reading) => reading.temperature)).toEqual([5]);
    expect(city?.leftOut).toBe(2);
  });

  test("takes an empty summary for none, and a city without values for one with no readings", () => {
    const cities = readAnswer(
      body([{ id: 1, name: "a", forecast: [value(1, 1, " ")] }, { id: 2, name: "b" }, null, "x"]),
    );
    expect(cities.map((city) => city.readings.length)).toEqual([1, 0]);
    expect(cities[0]?.readings[0]?.summary).toBeNull();
  });

  test("throws on what is no list", () => {
    expect(() => readAnswer("{}")).toThrow(TypeError);
    expect(() => readAnswer("<html>")).toThrow(SyntaxError);
  });
});

describe("mergeAnswers", () => {
  test("joins the readings of a city in order of time and keeps cities only one answer has", () => {
    const city = (key: string, ...times: number[]) => ({
      key,
      name: key,
      leftOut: 0,
      readings: times.map((time) => ({ time, temperature: 0, summary: null })),
    });
    const merged = mergeAnswers([city("1", 3, 5), city("2")], [city("2", 1), city("1", 4), city("3")]);
    expect(merged.map(({ key, readings }) => [key, readings.map((reading) => reading.time)])).toEqual([
      ["1", [3, 4, 5]],
      ["2", [1]],
      ["3", []],
    ]);
  });
});
