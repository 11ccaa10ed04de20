import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CHECKOUT, ifMissing } from "@goldenring/stand";
import { expectTableInDocs } from "../../../docs-table.fixture.ts";
import { Experiment } from "../experiment/experiment.ts";
import { LIVE_METRICS, METRICS } from "../experiment/metrics.ts";
import { FAULTS } from "../faults/registry.ts";
import { Service } from "../service/service.ts";
import { WEATHER_API } from "../service/weather-api.ts";
import { fieldRows, formOf } from "./form.ts";

const HEADER = ["field", "what it takes", "default", "meaning"];
const FILES = {
  experiment: fieldRows(formOf(Experiment), ["service", "stages[].faults[]"]),
  service: fieldRows(formOf(Service)),
};

test.each(Object.entries(FILES))(
  "docs/fields.md has every field of the %s file, and each has a meaning",
  (name, rows) => {
    expect(rows.filter(([, , , meaning]) => meaning === "").map(([field]) => field)).toEqual([]);
    expectTableInDocs("fields.md", `${name}-fields`, [HEADER, ...rows]);
  },
);

test("docs/fields.md has every option of every fault", () => {
  const rows = Object.entries(FAULTS).flatMap(([name, { form }]) =>
    fieldRows(formOf(form), [], "")
      .filter(([field]) => field !== "`fault`" && field !== "`on`")
      .map((cells) => [`\`${name}\``, ...cells]),
  );
  expectTableInDocs("fields.md", "fault-fields", [["fault", ...HEADER], ...rows]);
});

test("docs/fields.md has every metric with its unit", () => {
  const scopes = { time: "requests of a time", round: "the round" };
  const rows = Object.entries(METRICS).map(([name, { unit, scope, words }]) => [
    `\`${name}\``,
    unit,
    scopes[scope],
    words,
  ]);
  expectTableInDocs("fields.md", "metrics", [["metric", "unit", "about", "what it is"], ...rows]);
  expect(readFileSync(join(CHECKOUT, "docs/fields.md"), "utf8")).toContain(
    LIVE_METRICS.map((name) => `\`${name}\``).join(", "),
  );
});

test.each([
  ["experiment", Experiment],
  ["service", Service],
] as const)("docs/schemas has the JSON Schema of the %s file", (name, schema) => {
  const file = join(CHECKOUT, "docs/schemas", `${name}.schema.json`);
  const text = `${JSON.stringify(formOf(schema), null, 1)}\n`;
  if (ifMissing("", () => readFileSync(file, "utf8")) === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  throw new Error(`${file} differed from the code. It is rewritten: commit it.`);
});

test("the Weather API is a service file like any other", () => {
  expect(WEATHER_API.writes[0]).toMatchObject({ path: "/Forecast/{city}", change: { every: 5, count: 4 } });
});
