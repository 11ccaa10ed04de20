import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "@goldenring/run-kit";
import { loadOnApi } from "./load-command.ts";

const { api, load } = loadOnApi();

/** Everything that clients can see. A service that is busy taking over many rows answers with the old ones and says so. */
async function content(): Promise<string> {
  for (;;) {
    const answer = await fetch(`${api.url}/WeatherForecast`);
    const body = await answer.text();
    if (!answer.headers.get("warning")?.startsWith("110")) return body;
  }
}

async function served(): Promise<{ cities: number; values: number }> {
  const cities = JSON.parse(await content()) as { forecast: unknown[] }[];
  return { cities: cities.length, values: cities.reduce((sum, { forecast }) => sum + forecast.length, 0) };
}

const database = () => ["--database", api.databaseUrl];
const records = () => readdirSync(join(load.runs, "seeds"));

test("the full set comes into the database at once, is served, and goes away again without a trace", async () => {
  const before = await content();
  const seeded = await load.run("seed", "full", ...database());
  expect(seeded.output).toContain("180 cities and 120176 values added");
  expect(seeded.exitCode).toBe(0);
  expect(await served()).toEqual({ cities: 189, values: 120_896 });

  const again = await load.run("seed", "full", ...database());
  expect(again.output).toContain("nothing to add");
  expect(records()).toHaveLength(1);

  const undone = await load.run("unseed", ...database());
  expect(undone.output).toContain("180 cities and 120176 values removed");
  expect(await content()).toBe(before);
  expect(records()).toEqual([]);
});

test("an empty service gets the base set over its API, and loses it again", async () => {
  const [before] = await api.rows(
    "SELECT (SELECT count(*) FROM cities) AS cities, (SELECT count(*) FROM forecast) AS values",
  );
  await api.rows("CREATE TABLE kept_cities AS TABLE cities; CREATE TABLE kept_values AS TABLE forecast");
  await api.rows("DELETE FROM forecast; DELETE FROM cities");
  try {
    const seeded = await load.run("seed", "base", "--target", api.url);
    expect(seeded.output).toContain("9 cities and 720 values added");
    expect(await served()).toEqual({ cities: 9, values: 720 });
    const undone = await load.run("unseed", ...database(), "--target", api.url);
    expect(undone.output).toContain("9 cities and 720 values removed");
    expect(await served()).toEqual({ cities: 0, values: 0 });
  } finally {
    await api.rows("INSERT INTO cities (id, name) SELECT id, name FROM kept_cities");
    await api.rows(
      `INSERT INTO forecast (id, "cityId", "dateTime", temperature, summary)
         SELECT id, "cityId", "dateTime", temperature, summary FROM kept_values`,
    );
    await api.rows("DROP TABLE kept_cities, kept_values");
  }
  expect(before).toEqual({ cities: "9", values: "720" });
});

test("values that others added to seeded cities stay, with those cities", async () => {
  await load.run("seed", "full", ...database());
  const [city] = await api.rows("SELECT max(id) AS id FROM cities");
  const value = { dateTime: 1, temperature: 1, summary: "mine" };
  const posted = await fetch(`${api.url}/Forecast/${city?.id}`, {
    method: "POST",
    body: JSON.stringify(value),
    headers: JSON_TYPE,
  });
  expect(posted.status).toBe(200);
  const undone = await load.run("unseed", ...database());
  expect(undone.output).toContain("1 cities stay: they hold values of others");
  expect(await served()).toEqual({ cities: 10, values: 721 });
  await api.rows(`DELETE FROM forecast WHERE summary = 'mine'; DELETE FROM cities WHERE id = ${city?.id}`);
});

test("marked rows that no record names are removed only when the user says so", async () => {
  const value = { dateTime: 1, temperature: 1, summary: "~Mild" };
  await fetch(`${api.url}/Forecast/1`, { method: "POST", body: JSON.stringify(value), headers: JSON_TYPE });
  const refused = await load.run("unseed", ...database());
  expect(refused.exitCode).toBe(EXIT.usage);
  expect(refused.output).toContain("1 values whose summary begins with");
  expect(await served()).toEqual({ cities: 9, values: 721 });
  const undone = await load.run("unseed", ...database(), "--yes");
  expect(undone.exitCode).toBe(0);
  expect(await served()).toEqual({ cities: 9, values: 720 });
});

test("a seeding over the API that is interrupted is recorded, and can be completed", async () => {
  const { child, ended } = load.start(["seed", "full", "--target", api.url]);
  while ((await served()).values < 3_000) await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill("SIGINT");
  const { exitCode, output } = await ended;
  expect(exitCode).toBe(EXIT.interrupted);
  expect(output).toContain("were added; recorded in");
  const left = await served();
  expect(left.values).toBeLessThan(120_896);
  const undone = await load.run("unseed", ...database(), "--target", api.url);
  expect(undone.output).toContain(`${left.cities - 9} cities and ${left.values - 720} values removed`);
  expect(await served()).toEqual({ cities: 9, values: 720 });
});

test("a password stays out of messages and records", async () => {
  const { output, exitCode } = await load.run(
    "seed",
    "full",
    "--database",
    "postgres://user:very-secret@127.0.0.1:1/weather",
  );
  expect(exitCode).toBe(EXIT.targetUnreachable);
  expect(output).not.toContain("very-secret");
});

const JSON_TYPE = { "Content-Type": "application/json" };
