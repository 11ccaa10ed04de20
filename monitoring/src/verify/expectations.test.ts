import { describe, expect, test } from "bun:test";
import { DASHBOARDS } from "../dashboards/all.ts";
import { readRules } from "../rules/read-rules.ts";
import { covers, EXPECTATIONS, expectationFor } from "./expectations.ts";
import { questionsOfDashboards, questionsOfRules } from "./questions.ts";
import { formatSelector, selectorsOf } from "./selectors.ts";

const read = [...questionsOfDashboards(DASHBOARDS), ...questionsOfRules(readRules())].flatMap(({ expr }) =>
  selectorsOf(expr),
);
const expectationOf = (selector: string) => selectorsOf(selector).map((one) => expectationFor(one)?.why)[0];

describe("what is declared to be empty", () => {
  test.each(EXPECTATIONS.map((expected) => [formatSelector(expected.selector), expected] as const))(
    "%s is read by a panel or a rule (else delete it in monitoring/src/verify/expectations.ts)",
    (_, expected) => {
      expect(read.some((selector) => covers(expected, selector))).toBe(true);
    },
  );

  test("covers selectors that ask for more, in any order", () => {
    expect(expectationOf('http_request_duration_seconds_count{job="api",status=~"5..",machine="a"}')).toBeDefined();
  });

  test("does not cover other metrics, other values, or a selector that asks for less", () => {
    expect(expectationOf('http_request_duration_seconds_sum{status=~"5.."}')).toBeUndefined();
    expect(expectationOf('http_request_duration_seconds_count{status=~"2.."}')).toBeUndefined();
    expect(expectationOf('http_request_duration_seconds_count{status!~"5.."}')).toBeUndefined();
    expect(expectationOf("http_request_duration_seconds_count")).toBeUndefined();
  });
});
