import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { expression } from "./expressions.fixture.ts";
import { formatSelector, metricsOf, selectorsOf } from "./selectors.ts";

// A busy computer takes longer than the five seconds of a test for some thousand texts.
setDefaultTimeout(60_000);

const formatted = (expr: string): readonly string[] => selectorsOf(expr).map(formatSelector);

describe("the selectors of an expression", () => {
  test.each([
    ["up", ["up"]],
    ['up{job="node"}', ['up{job="node"}']],
    ['{job="node",}', ['{job="node"}']],
    ['{__name__="up", job!="node"}', ['up{job!="node"}']],
    ["rate(a:b:c[5m])", ["a:b:c"]],
    ["max_over_time(rate(up[1m])[1h:30s])", ["up"]],
    ["sum by (machine) (up) / on (machine) group_left (group) node_load1", ["up", "node_load1"]],
    ["SUM WITHOUT (machine) (up) AND BOOL", ["up"]],
    ["count(up == bool 0) by (job)", ["up"]],
    ["up offset 5m @ start() + 1e-5 * Inf", ["up"]],
    ["histogram_quantile(0.95, sum(rate(h_bucket{status=~'2..'}[1m])) by (le))", ['h_bucket{status=~"2.."}']],
    ['label_replace(up{a="}"}, "b", "{$1}", "c", "(.*)")', ['up{a="}"}']],
    ["up # not {down}\n- node_load1 # nor this", ["up", "node_load1"]],
    ["up{a=`\\d`,b='it\\'s',c=\"\\t\\u00e9\"}", ['up{a="\\\\d",b="it\'s",c="\\té"}']],
    ['up{b!="2",a="1"}', ['up{a="1",b!="2"}']],
    ["a unless on () b or absent(c)", ["a", "b", "c"]],
    ["1 + 0x1F + .5 + 5m", []],
    ["time() - vector(1)", []],
  ])("%s", (expr, selectors) => {
    expect(formatted(expr)).toEqual(selectors);
  });

  test("are found in every generated expression", () => {
    fc.assert(
      fc.property(expression, ({ text, selectors }) => {
        expect(selectorsOf(text)).toEqual([...selectors]);
      }),
      { numRuns: 500 },
    );
  });

  test("stay the same when they are formatted and read again", () => {
    fc.assert(
      fc.property(expression, ({ selectors }) => {
        for (const selector of selectors.map(formatSelector)) expect(formatted(selector)).toEqual([selector]);
      }),
    );
  });

  test("of a text that is no PromQL are found without an error", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => Array.isArray(selectorsOf(text))));
  }, 60_000);
});

test("metrics are named once, sorted", () => {
  expect(metricsOf("b + a / b + c:d")).toEqual(["a", "b", "c:d"]);
});
