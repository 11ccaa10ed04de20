import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { attributes, escapeXml } from "./junit.ts";

describe("XML", () => {
  test("no text leaves a sign that XML 1.0 cannot hold, or one that means something in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = escapeXml(text);
        expect(escaped).not.toMatch(/[<>"'\n\r\t]/);
        expect(escaped.replace(/&(amp|lt|gt|quot|#39|#9|#10|#13);/g, "")).not.toContain("&");
        // A parser that is held to UTF-8 finds the same text again.
        expect(Buffer.from(escaped, "utf8").toString("utf8")).toBe(escaped);
      }),
    );
  });

  test("control characters and halves of pairs become the sign for what cannot be shown", () => {
    expect(escapeXml("a\u0000b\u001bc\ud800d\ufffee\u{1f600}")).toBe("a\ufffdb\ufffdc\ufffdd\ufffde\u{1f600}");
  });

  test("the breaks of lines in an attribute stay breaks", () => {
    expect(attributes({ message: "a\nb\t<c>" })).toBe(' message="a&#10;b&#9;&lt;c&gt;"');
  });
});
