import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { escapeText, html, jsonForScript, Markup } from "./html.ts";

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("</script>", "<!--", "]]>", "&amp;", "\"' onload='x'", "<img src=x onerror=alert(1)>", "$&"),
);

const BACK: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => BACK[name] ?? "");
}

describe("markup", () => {
  test("no text can open an element, an entity or end a quoted attribute, and each comes back as it was", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const escaped = escapeText(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(amp|lt|gt|quot|#39);/g, "")).not.toContain("&");
        expect(unescaped(escaped)).toBe(text);
      }),
    );
  });

  test("a template escapes what is put into it, also within lists, and keeps markup", () => {
    fc.assert(
      fc.property(fc.array(hostile), (texts) => {
        const list = html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>`.text;
        expect(list).toBe(`<ul>${texts.map((text) => `<li>${escapeText(text)}</li>`).join("")}</ul>`);
      }),
    );
  });

  test("undefined and false are left out, zero is not", () => {
    expect(html`${undefined}${false}${0}${new Markup("<b>")}`.text).toBe("0<b>");
  });

  test("JSON in a script element cannot end it, begin a comment, and is the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), hostile, (value, text) => {
        const json = jsonForScript({ value, text }).text;
        expect(json).not.toContain("<");
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, text })));
      }),
    );
  });
});
