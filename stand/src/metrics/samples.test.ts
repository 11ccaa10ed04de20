import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseValue, QueryResult } from "./prometheus.ts";

describe("a value", () => {
  test("is the number that was written, whatever number", () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (number) => {
        expect(parseValue(String(number))).toBe(number + 0);
      }),
    );
  });

  test.each([
    ["+Inf", Number.POSITIVE_INFINITY],
    ["-Inf", Number.NEGATIVE_INFINITY],
    ["NaN", Number.NaN],
    ["1e+06", 1_000_000],
    ["4.9e-324", 5e-324],
  ])("%s is read as Go writes it", (text, value) => {
    expect(parseValue(text)).toBe(value);
  });

  test.each([[""], ["0x10"], ["ten"], ["1,5"], ["Infinity"], [" 1"]])("%p is none", (text) => {
    const answer = QueryResult.safeParse({ resultType: "scalar", result: [1, text] });
    expect(answer.error?.issues[0]?.message).toContain("is no number");
  });
});

describe("the answer to a query", () => {
  test("of a vector is one sample for each series", () => {
    const result = [
      { metric: { __name__: "up", job: "node" }, value: [1_700_000_000.5, "1"] },
      { metric: {}, value: [1_700_000_000.5, "NaN"] },
    ];
    expect(QueryResult.parse({ resultType: "vector", result })).toEqual([
      { labels: { __name__: "up", job: "node" }, value: 1, time: 1_700_000_000.5 },
      { labels: {}, value: Number.NaN, time: 1_700_000_000.5 },
    ]);
  });

  test("of a scalar is one sample without labels, of a range selector one for each value", () => {
    expect(QueryResult.parse({ resultType: "scalar", result: [3, "7"] })).toEqual([{ labels: {}, value: 7, time: 3 }]);
    const matrix = {
      resultType: "matrix",
      result: [
        {
          metric: { a: "b" },
          values: [
            [1, "2"],
            [3, "4"],
          ],
        },
      ],
    };
    expect(QueryResult.parse(matrix).map(({ time, value }) => [time, value])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("of a text is refused: it has no samples", () => {
    const text = QueryResult.safeParse({ resultType: "string", result: [1, "a"] });
    expect(text.error?.issues[0]?.message).toBe("a text has no samples");
  });
});
