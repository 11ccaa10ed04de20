import { describe, expect, test } from "bun:test";
import * as z from "zod";
import { bareValueOf, dataOf, PrometheusError } from "./server.ts";

function failureOf(work: () => unknown): Pick<PrometheusError, "kind" | "message"> | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof PrometheusError) return { kind: error.kind, message: error.message };
    throw error;
  }
}

describe("an answer of Prometheus", () => {
  const read = (status: number, text: string) => dataOf({ status, text }, z.array(z.string()));

  test("is taken out of its envelope", () => {
    expect(read(200, '{"status":"success","data":["up"],"warnings":["w"]}')).toEqual(["up"]);
  });

  test("that is an error is refused with Prometheus' own words", () => {
    const text = '{"status":"error","errorType":"bad_data","error":"1:3: parse error: unexpected end of input"}';
    expect(failureOf(() => read(400, text))).toEqual({
      kind: "refused",
      message: "bad_data: 1:3: parse error: unexpected end of input",
    });
  });

  test.each([
    [502, "<html>Bad Gateway</html>", "answers 502 <html>Bad Gateway</html>"],
    [200, "", "answers 200"],
    [200, '{"status":"success","data":{"a":1}}', "another form"],
  ])("of another form (%p, %p) is unreadable", (status, text, message) => {
    expect(failureOf(() => read(status, text))).toEqual({
      kind: "unreadable",
      message: expect.stringContaining(message),
    });
  });
});

describe("an answer of Alertmanager", () => {
  const read = (status: number, text: string) => bareValueOf({ status, text }, z.array(z.string()));

  test("has no envelope", () => {
    expect(read(200, '["a"]')).toEqual(["a"]);
  });

  test("that is an error is refused with Alertmanager's own words", () => {
    expect(failureOf(() => read(400, '"bad matcher format: x"'))).toEqual({
      kind: "refused",
      message: "bad matcher format: x",
    });
  });

  test("of another form is unreadable", () => {
    expect(failureOf(() => read(503, "Service Unavailable"))?.kind).toBe("unreadable");
    expect(failureOf(() => read(200, "{}"))?.kind).toBe("unreadable");
  });
});
