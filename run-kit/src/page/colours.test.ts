import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";

type Colours = ReadonlyMap<string, string>;

const sheet = readFileSync(new URL("./page.css", import.meta.url), "utf8");
const [light, dark] = [...sheet.matchAll(/:root[^{]*\{([^}]*)\}/g)].map(
  ([, block = ""]): Colours =>
    new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name = "", colour = ""]) => [name, colour])),
);

/** WCAG 2.2. */
function contrast(one: string, other: string): number {
  const [brighter = 1, darker = 1] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (brighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const TEXT = ["ink", "muted", "link", "good", "bad", "limit"];
const TONES = ["steady", "ready", "degraded", "bad", "unknown"];
const LINES = [1, 2, 3, 4, 5, 6, 7, 8].map((at) => `line-${at}`);

describe.each([
  ["light", light],
  ["dark", dark],
])("the colours of %s pages", (_, colours = new Map()) => {
  const of = (name: string): string => {
    const colour = colours.get(name);
    if (colour === undefined) throw new Error(`no colour ${name}`);
    return colour;
  };
  const tooWeak = (pairs: readonly (readonly [string, string])[], least: number): string[] =>
    pairs.filter(([one, other]) => contrast(of(one), of(other)) < least).map((pair) => pair.join(" on "));
  const on = (names: readonly string[]) => names.flatMap((name) => [[name, "paper"] as const, [name, "card"] as const]);

  test("texts can be read", () => expect(tooWeak(on(TEXT), 4.5)).toEqual([]));
  test("the names in a timeline's bars can be read", () =>
    expect(
      tooWeak(
        TONES.map((tone) => [`on-${tone}`, `tone-${tone}`] as const),
        4.5,
      ),
    ).toEqual([]));
  test("curves can be seen", () => expect(tooWeak(on(LINES), 3)).toEqual([]));
});
