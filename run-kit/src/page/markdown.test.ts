import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { escapeMarkdown, markdownTable } from "./markdown.ts";

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "a | b",
    "x\n\n# y",
    "<script>",
    "[link](http://x)",
    "`code`",
    "\\",
    "\\|",
    "1. one",
    "- two",
    "# three",
    "\u001b[2J\u202e",
  ),
);

/** What stands without a backslash before it. */
function bare(text: string): string {
  return text.replace(/\\[\s\S]/g, "");
}

describe("Markdown", () => {
  test("no text is markup, HTML, a link, the end of a line or of a cell", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const escaped = escapeMarkdown(text);
        expect(bare(escaped)).not.toMatch(/[`*_[\]|~<>\\]|\p{Cc}|\p{Bidi_Control}/u);
        expect(escaped.replace(/&(amp|lt|gt);/g, "")).not.toContain("&");
        expect(escaped).not.toMatch(/^([#+=-]|\d+[.)](\s|$))/);
      }),
    );
  });

  test("every row of a table has its number of cells, whatever is in them", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile, hostile)), (rows) => {
        const lines = markdownTable(["one", "two", "three"], rows).split("\n");
        expect(lines).toHaveLength(rows.length + 2);
        for (const line of lines) expect(bare(line).split("|")).toHaveLength(5);
      }),
    );
  });

  test("plain words stay as they are", () => {
    expect(escapeMarkdown("2.48 s: 30 % of what pg-01 sends")).toBe("2.48 s: 30 % of what pg-01 sends");
  });
});
