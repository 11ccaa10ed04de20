import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { WORDS } from "./words.ts";

test("every text the page asks for by name exists in both languages", () => {
  const html = readFileSync(new URL("../index.html", import.meta.url), "utf8");
  const names = Array.from(html.matchAll(/data-word="(\w+)"/g), ([, name]) => name ?? "");
  expect(names.length).toBeGreaterThan(20);
  for (const words of [WORDS.en, WORDS.ru]) {
    expect(names.filter((name) => typeof Reflect.get(words, name) !== "string")).toEqual([]);
  }
});

test("Russian counts cities in the right form", () => {
  expect([1, 3, 9, 21, 189].map((count) => WORDS.ru.shown(count, count))).toEqual([
    "1 город",
    "3 города",
    "9 городов",
    "21 город",
    "189 городов",
  ]);
});

test("Russian has the summaries of the original service and of the sample data; any other is shown as it is stored", () => {
  const stored = [
    "Freezing",
    "Bracing",
    "Chilly",
    "Cool",
    "Mild",
    "Warm",
    "Balmy",
    "Hot",
    "Sweltering",
    "Scorching",
    "Frosty",
  ];
  const shown = stored.map(WORDS.ru.summary);
  expect(shown.filter((summary) => !/^[А-Я][а-я ]+$/.test(summary))).toEqual([]);
  expect(new Set(shown).size).toBe(stored.length);
  expect([WORDS.ru.summary("Fever"), WORDS.en.summary("Freezing")]).toEqual(["Fever", "Freezing"]);
});
