import { expect, test } from "bun:test";
import fc from "fast-check";
import { runProgram } from "./run-program.ts";
import { shellQuote, shellWords } from "./shell-words.ts";

const word = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", ""));

test("a line of quoted words splits into these words", () => {
  fc.assert(fc.property(fc.array(word), (words) => expect(shellWords(words.map(shellQuote).join(" "))).toEqual(words)));
});

test("a shell reads a quoted word as it was", async () => {
  const visible = fc.string({ unit: "grapheme-ascii", minLength: 1 });
  await fc.assert(
    fc.asyncProperty(visible, async (text) => {
      const { stdout } = await runProgram(["sh", "-c", `printf %s ${shellQuote(text)}`], { deadlineMs: 5_000 });
      expect(stdout).toBe(text);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ["", []],
  ["  -o  A=b ", ["-o", "A=b"]],
  [`-o ProxyCommand="nsenter --net=x nc %h %p"`, ["-o", "ProxyCommand=nsenter --net=x nc %h %p"]],
  [`'a "b"' "c\\"d\\e" f\\ g`, [`a "b"`, `c"d\\e`, "f g"]],
  [`''`, [""]],
])("%p splits as a shell does it", (line, words) => {
  expect(shellWords(line)).toEqual(words);
});

test.each([[`'a`], [`"a\\"`], ["a\\"]])("%p is refused: something is not closed", (line) => {
  expect(() => shellWords(line)).toThrow(SyntaxError);
});
