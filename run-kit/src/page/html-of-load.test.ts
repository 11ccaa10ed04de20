import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { escapeText, html, jsonForScript } from "./html.ts";

describe("markup", () => {
  test("takes whatever is put into it as text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const made = html`<p title="${text}">${[text]}</p>`.text;
        expect(made).toBe(`<p title="${escapeText(text)}">${escapeText(text)}</p>`);
        expect(escapeText(text)).not.toMatch(/[<>"']/);
        expect(unescaped(escapeText(text))).toBe(text);
      }),
    );
  });

  test("keeps markup as it is, joins lists and leaves out what is not there", () => {
    const item = (text: string) => html`<li>${text}</li>`;
    expect(html`<ul>${["a", "<b>"].map(item)}${undefined}${false}${0}</ul>`.text).toBe(
      "<ul><li>a</li><li>&lt;b&gt;</li>0</ul>",
    );
  });

  test("holds data that cannot end their script element, and come out as they were", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("</script>", "<!--", "<script"), (json, odd) => {
        const value = { json: JSON.parse(json), odd };
        const { text } = jsonForScript(value);
        expect(text).not.toContain("<");
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

function unescaped(text: string): string {
  const signs: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => signs[name] ?? "");
}
