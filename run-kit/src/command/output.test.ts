import { expect, test } from "bun:test";
import fc from "fast-check";
import { oneLine, visible } from "../visible.ts";
import { columns, terminalOutput } from "./output.ts";
import { startProgress } from "./progress.ts";

/** What can move the cursor, change colours, clear the screen or the direction of writing, in terminals with 7 and 8 bits. */
const HARMFUL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\u001b[2J", "\u001b]0;title\u0007", "\u009b31m", "\u202e", "\r", "\b", "\u007f", "\n", "\t", "\\"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});

test("no text can send anything to the terminal but signs, ends of lines and tabs", () => {
  fc.assert(
    fc.property(text, (any) => {
      expect(visible(any).replace(/[\n\t]/g, "")).not.toMatch(HARMFUL);
      expect(oneLine(any)).not.toMatch(HARMFUL);
    }),
  );
  expect(visible("\u001b[2Jall is well\u202e\n")).toBe("\\u001b[2Jall is well\\u202e\n");
  expect(visible("Переславль-Залесский 👨‍👩‍👧\tМы́шкин\n")).toBe("Переславль-Залесский 👨‍👩‍👧\tМы́шкин\n");
});

test("JSON means the same after it", () => {
  fc.assert(fc.property(text, (any) => expect(JSON.parse(visible(JSON.stringify([any])))).toEqual([any])));
});

test("parts of a line cannot begin another one", () => {
  expect(columns([["down\nall is well", "x"]])).toEqual(["down\\nall is well  x"]);
});

test("whatever is printed as progress, log or result is made visible, and ring's own control of the terminal works", async () => {
  for (const isTTY of [true, false]) {
    const texts: string[] = [];
    const screen = { isTTY, write: (text: string) => texts.push(text) };
    const output = terminalOutput({ screen, results: screen });
    const harmful = "\u001b[2J\rall is well";
    output.log(harmful);
    output.live(harmful);
    output.result(harmful);
    const progress = startProgress(screen);
    progress.log(harmful);
    await progress.step(harmful, async (log) => log(harmful));
    const written = texts.join("");
    expect(written.replaceAll("\r\u001b[2K", "").replaceAll("\n", "")).not.toMatch(HARMFUL);
    expect(written.includes("\r\u001b[2K")).toBe(isTTY);
  }
});

test("rows have columns as wide as their widest cell and none that is empty", () => {
  expect(columns([["a", "", "b"], ["long", "", "c"], ["x"]])).toEqual(["a     b", "long  c", "x"]);
});
