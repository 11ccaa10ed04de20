import { expect, test } from "bun:test";
import { substitute } from "./questions.ts";

test.each([
  ["rate(a[$__rate_interval])", "rate(a[1m])"],
  ['a{machine=~"$machine"}', 'a{machine=~".*"}'],
  [`a{machine=~"\${machine}",b=~"\${machine:regex}"}`, 'a{machine=~".*",b=~".*"}'],
  ["increase(a[$__range])", "increase(a[1h])"],
  ['label_replace(a, "b", "$1", "c", "(.*)")', 'label_replace(a, "b", "$1", "c", "(.*)")'],
])("%s is asked as %s", (expr, asked) => {
  expect(substitute(expr, ["machine"])).toBe(asked);
});

test("a variable that nobody defines is named", () => {
  expect(() => substitute('a{group="$group"}', ["machine"])).toThrow(
    "$group is a variable that the dashboard does not have",
  );
});
