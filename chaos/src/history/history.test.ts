import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { historyOf, simulation } from "../check/simulated-service.fixture.ts";
import { parseHistory, readHistory } from "./history.ts";
import { Journal } from "./lines.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-history-"));
  folders.push(folder);
  return join(folder, "history.jsonl");
}

test("what the journal wrote is read again, wherever in a line its writer was killed", () => {
  fc.assert(
    fc.property(simulation, fc.double({ min: 0, max: 1, noNaN: true }), ({ entries }, share) => {
      const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
      const text = lines.join("");
      const headerLength = lines[0]?.length ?? 0;
      const kept = text.slice(0, headerLength + Math.floor(share * (text.length - headerLength)));
      const complete = kept.split("\n").length - 1;
      expect(parseHistory(kept)).toEqual(historyOf({ entries: entries.slice(0, complete) }));
    }),
    { numRuns: 200 },
  );
});

test("a write whose end is not there is unknown and abandoned", () => {
  const [sample] = fc.sample(simulation, { numRuns: 1, seed: 1 });
  const begun = sample?.entries.slice(0, 2) ?? [];
  expect(historyOf({ entries: begun }).writes).toMatchObject([{ outcome: "unknown", abandoned: true, end: Infinity }]);
});

test("a line in the middle that is none is named by its number", async () => {
  const file = newFile();
  const journal = new Journal<object>(file);
  const [sample] = fc.sample(simulation, { numRuns: 1, seed: 1 });
  for (const entry of sample?.entries.slice(0, 1) ?? []) journal.write(entry);
  journal.write({ e: "begin", op: "seven" });
  journal.close();
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(3);
  await expect(readHistory(file)).rejects.toThrow(`${file}: line 2: op`);
});

test("a history is not written over another one", () => {
  const file = newFile();
  new Journal(file).close();
  expect(() => new Journal(file)).toThrow("EEXIST");
});

test("a file without a header is refused", () => {
  expect(() => parseHistory("")).toThrow("header");
  expect(() => parseHistory('{"e":"close","at":1,"reason":"time"}\n')).toThrow("header");
});
