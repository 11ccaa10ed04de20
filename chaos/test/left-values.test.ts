import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WeatherApi } from "@goldenring/run-kit/weather-api-fixture";
import { type Stand, type StandMachine, thisComputer } from "@goldenring/stand";
import { forgetLeftValues, leftValues } from "../src/stored/weather-rows.ts";

const DEADLINE = 60_000;
const folder = mkdtempSync(join(tmpdir(), "goldenring-left-values-"));
const api = new WeatherApi();
beforeAll(() => api.start(), DEADLINE);
afterAll(async () => {
  await api.remove();
  rmSync(folder, { recursive: true });
}, DEADLINE);

/** Its PostgreSQL is the one of the API; statements for psql on the machine go there. */
function standOf(isThere: boolean): Stand {
  const run: StandMachine["run"] = async (_command, { input = "" }) => {
    if (!isThere) return { code: 255, stdout: "", stderr: "no connection" };
    return { code: 0, stdout: (await api.query(input)).join("\n"), stderr: "" };
  };
  const stand = thisComputer(folder);
  return { ...stand, machines: [{ ...stand.operator, name: "pg-01", roles: ["postgres"], run }] };
}

const summaries = () => api.query("SELECT summary FROM public.forecast WHERE summary LIKE '%:%' ORDER BY summary");

test("the next run deletes the values of a killed round, and no others", async () => {
  for (const summary of ["pkilled-1:1", "pkilled-1:2", "pevidence-1:1", "mine: warm"])
    await api.query(
      `INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary) VALUES (1, 1700000000, 1, '${summary}')`,
    );
  const left = leftValues(folder);
  left.add("pkilled-1");
  left.add("pevidence-1");
  left.remove("pevidence-1");
  const said: string[] = [];

  await forgetLeftValues(
    standOf(false),
    (text) => said.push(text),
    async () => undefined,
  );
  expect(said).toEqual([expect.stringContaining("stay in the service for now: there is no primary")]);
  expect([await summaries(), left.list()]).toEqual([
    ["mine: warm", "pevidence-1:1", "pkilled-1:1", "pkilled-1:2"],
    ["pkilled-1"],
  ]);

  await forgetLeftValues(
    standOf(true),
    (text) => said.push(text),
    async () => undefined,
  );
  expect(said.slice(1)).toEqual(["values of an earlier run (pkilled-1) are deleted"]);
  expect([await summaries(), left.list()]).toEqual([["mine: warm", "pevidence-1:1"], []]);
});
