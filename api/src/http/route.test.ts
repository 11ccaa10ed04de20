import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { allowedMethods, type Route, RouteTable } from "./route.ts";

const route = (template: string, ...methods: ("GET" | "POST" | "PUT")[]): Route => ({
  template,
  operations: Object.fromEntries(
    methods.map((method) => [
      method,
      { summary: "", tag: "", answers: "text/plain", handler: () => new Response(null) } as const,
    ]),
  ),
});

const cities = route("/Cities", "GET", "POST");
const city = route("/Cities/{id}", "GET", "PUT");
const live = route("/healthz/live", "GET");
const table = new RouteTable([cities, city, live]);

/** The same letters, each in upper or lower case at random. */
const inAnyCase = (path: string) =>
  fc
    .array(fc.boolean(), { minLength: path.length, maxLength: path.length })
    .map((upper) =>
      [...path].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter.toLowerCase())).join(""),
    );

describe("a route", () => {
  test("is found in any case, with one slash at the end or none", () => {
    const slash = fc.constantFrom("", "/");
    fc.assert(
      fc.property(inAnyCase("/Cities"), inAnyCase("/healthz/live"), slash, (one, other, end) => {
        expect(table.match(one + end)).toEqual({ route: cities, parameter: "" });
        expect(table.match(other + end)).toEqual({ route: live, parameter: "" });
        expect(table.match(`${one}/5${end}`)).toEqual({ route: city, parameter: "5" });
      }),
    );
  });

  test("gets whatever one segment says as its parameter, decoded", () => {
    const segment = fc.string({ unit: "binary", minLength: 1 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(segment, (text) => {
        // The path is folded to lower case before its parameter is taken: ids are digits.
        expect(table.match(`/cities/${encodeURIComponent(text).toLowerCase()}`)?.parameter).toBe(
          decodeURIComponent(encodeURIComponent(text).toLowerCase()),
        );
      }),
    );
    expect(table.match("/cities/%zz")?.parameter).toBe("%zz");
  });

  test("is not found at other paths", () => {
    for (const path of [
      "",
      "/",
      "//",
      "/citie",
      "/cities//",
      "//cities",
      "/cities/1/2",
      "/cities/1//",
      "/healthz",
      "cities",
    ]) {
      expect(`${path} ${table.match(path)?.route.template}`).toBe(`${path} undefined`);
    }
    for (const path of ["/constructor", "/__proto__", "/cities/../cities/5/6"])
      expect(table.match(path)).toBeUndefined();
  });

  test("allows HEAD wherever it allows GET, and OPTIONS always", () => {
    expect(allowedMethods(cities)).toBe("GET, HEAD, POST, OPTIONS");
    expect(allowedMethods(city)).toBe("GET, HEAD, PUT, OPTIONS");
    expect(allowedMethods(route("/x", "POST"))).toBe("POST, OPTIONS");
  });
});
