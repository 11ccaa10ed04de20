import { expect, test } from "bun:test";
import { CITIES } from "../../src/postgres/sample-data.ts";
import { latinName } from "./latin-name.ts";

test("the cities of the Golden Ring get the names that English maps know", () => {
  expect(CITIES.map(latinName)).toEqual([
    "Sergiev Posad",
    "Pereslavl-Zalessky",
    "Rostov Veliky",
    "Uglich",
    "Yaroslavl",
    "Kostroma",
    "Ivanovo",
    "Suzdal",
    "Vladimir",
  ]);
});

test("a name that isn't Russian stays as it is", () => {
  expect(latinName("Zürich 7")).toBe("Zürich 7");
  expect(latinName("")).toBe("");
});
