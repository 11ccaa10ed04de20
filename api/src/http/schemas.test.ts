import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Problem } from "./problem.ts";
import { ChangedForecast, CityInput, NewForecast, validatedBody, validatedQuery } from "./schemas.ts";

/** The names of the fields that are refused; empty if the work succeeds. */
function refused(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof Problem) return Object.keys(error.extra.errors ?? {});
    throw error;
  }
}

describe("the names of fields", () => {
  const names = ["dateTime", "temperature", "cityId", "summary"] as const;
  const anyCase = (name: string) =>
    fc
      .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
      .map((upper) => Array.from(name, (c, at) => (upper[at] ? c.toUpperCase() : c.toLowerCase())).join(""));
  const spelling = fc.constantFrom(...names).chain((name) => fc.oneof(fc.constant<string>(name), anyCase(name)));
  const other = fc.constantFrom("id", "ID", "__proto__", "constructor", "date_time", "temperatures", "");
  const field = fc.tuple(fc.oneof({ weight: 4, arbitrary: spelling }, other), fc.integer({ min: -1_000, max: 1_000 }));

  test("match without regard to case: the exact one wins, else the last one", () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
        const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`)}}`;
        const parsed: unknown = JSON.parse(text);
        const sent = Object.entries(parsed as Record<string, number>);
        const expected = (name: string): number | undefined =>
          sent.find(([given]) => given === name)?.[1] ??
          sent.findLast(([given]) => given.toLowerCase() === name.toLowerCase())?.[1];
        const isText = expected("summary") !== undefined;
        expect(refused(() => validatedBody(ChangedForecast, parsed))).toEqual(isText ? ["summary"] : []);
        if (isText) return;
        const cityId = expected("cityId");
        expect(validatedBody(ChangedForecast, parsed)).toEqual({
          cityId: cityId === undefined ? null : BigInt(cityId),
          dateTime: BigInt(expected("dateTime") ?? 0),
          temperature: expected("temperature") ?? 0,
          summary: null,
        });
      }),
      { numRuns: 2_000 },
    );
  });

  test("do not change the object that was parsed", () => {
    const parsed = Object.freeze({ Name: "Плёс", NAME: "Мышкин" });
    expect(validatedBody(CityInput, parsed)).toEqual({ name: "Мышкин" });
  });
});

test("a missing number is 0, a missing summary is null, and null is no number", () => {
  expect(validatedBody(NewForecast, {})).toEqual({ dateTime: 0n, temperature: 0, summary: null });
  for (const name of ["dateTime", "temperature"])
    expect(refused(() => validatedBody(NewForecast, { [name]: null }))).toEqual([name]);
});

test("a name is required, has no control characters, and is not made of spaces only", () => {
  const namePattern = new RegExp((CityInput.shape.name.meta() as { shape: { pattern: string } }).shape.pattern);
  const messages = (value: unknown) => {
    try {
      validatedBody(CityInput, value);
      return undefined;
    } catch (error) {
      return (error as Problem).extra.errors?.name;
    }
  };
  expect(messages({})).toEqual(["is required"]);
  expect(messages({ name: null })).toEqual(["must be a string"]);
  for (const blank of [" ", "\t\n", "\u00a0\u2003"])
    expect(messages({ name: blank })).toEqual(["must not consist of spaces only"]);
  for (const sign of ["\u001b[2J", "\n", "\t", "\r", "\u007f", "\u009b"]) {
    expect(messages({ name: `Su${sign}zdal` })).toEqual(["must not contain control characters"]);
    expect(`Su${sign}zdal`).not.toMatch(namePattern);
  }
  for (const name of [" x ", "Мы́шкин", "👨‍👩‍👧", "a\u200eb"]) {
    expect(messages({ name })).toBeUndefined();
    expect(name).toMatch(namePattern);
  }
});

test("a number of 64 bits that may have been rounded is refused with what to write instead", () => {
  const message = (dateTime: number) => {
    try {
      validatedBody(NewForecast, { dateTime });
      return undefined;
    } catch (error) {
      return (error as Problem).extra.errors?.dateTime?.[0];
    }
  };
  expect(message(1e3)).toBeUndefined();
  for (const rounded of [1e16, -1e18]) expect(message(rounded)).toMatch(/^must be written as digits alone/);
  for (const other of [1e19, 1.5, Number.NaN]) expect(message(other)).toBe("must be a whole number of at most 64 bits");
});

test("query parameters match without regard to case, and none may be repeated", () => {
  expect(validatedQuery("?CITYID=1&From=2&tO=3&LIMIT=4")).toEqual({ cityId: 1n, from: 2n, to: 3n, limit: 4 });
  for (const query of ["?cityId=1&cityId=2", "?cityId=1&cityid=1", "?CITYID=1&limit=3&CityId=1"])
    expect(refused(() => validatedQuery(query))).toEqual(["cityId"]);
  expect(refused(() => validatedQuery("?city=1&__proto__=2"))).toEqual(["city", "__proto__"]);
});
