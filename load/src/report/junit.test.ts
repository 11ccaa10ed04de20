import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { junitOfRun } from "./run-page.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";

describe("the JUnit file of a run", () => {
  test("has a test case for each objective and one for the end", () => {
    const xml = junitOfRun(syntheticRun().record);
    const names = [...xml.matchAll(/<testcase classname="load\.browse-cities" name="([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(names).toEqual([
      "95 % of the answers within 600 ms",
      "90 % of the answers within 300 ms",
      "Failed requests at most 1 %",
      "Checks that hold at least 90 %",
      "The run comes to its end",
    ]);
    expect(xml).toContain('tests="5" failures="0" errors="0" skipped="0" time="120.000"');
    expect(xml).not.toMatch(/<failure|<error/);
  });

  test("fails the objectives that broke, with the figures", () => {
    const xml = junitOfRun(syntheticRun({ errorShare: 0.05 }).record);
    expect(xml).toContain('failures="1" errors="0"');
    expect(xml).toContain('<failure message="failed 5.0 %, at most 1.0 %" type="objective"/>');
  });

  test("has an error for a run that did not come to its end, with what is known of it", () => {
    const xml = junitOfRun(
      syntheticRun({ endedBy: "target unreachable", notes: ["nothing <answers>\nany more"] }).record,
    );
    expect(xml).toContain('failures="0" errors="1"');
    expect(xml).toContain('type="target unreachable">nothing &lt;answers&gt;&#10;any more</error>');
  });

  test("stays XML whatever names and notes hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (scenario, note) => {
        const xml = junitOfRun(syntheticRun({ seconds: 2, scenario, notes: [note], endedBy: "k6 failed" }).record);
        expect(xml).toBe(xml.toWellFormed());
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot hold
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
        expect(isWellFormed(xml)).toBe(true);
      }),
    );
  });
});

/** Tags that open and close in order, attributes in quotes, no bare ampersand: enough for a file without comments and CDATA. */
function isWellFormed(xml: string): boolean {
  const body = xml.replace(/^<\?xml [^>]*\?>\n/, "");
  const open: string[] = [];
  const tokens =
    /<(\/?)([a-z]+)((?: [a-z-]+="(?:[^<"&]|&(?:lt|gt|quot|amp|#\d+);)*")*)(\/?)>|(?:[^<&]|&(?:lt|gt|quot|amp|#\d+);)+/gy;
  let at = 0;
  for (const token of body.matchAll(tokens)) {
    if (token.index !== at) return false;
    at += token[0].length;
    const [, closing, name, , empty] = token;
    if (name === undefined || empty === "/") continue;
    if (closing === "") open.push(name);
    else if (open.pop() !== name) return false;
  }
  return at === body.length && open.length === 0;
}
