import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expectTableInDocs } from "../../docs-table.fixture.ts";
import { isGiven } from "../../skips.fixture.ts";
import { allFiguresOf2023, SCENARIOS, type ScenarioName } from "../src/scenarios.ts";
import { k6IsMissing, loadOnApi } from "./load-command.ts";

const { api, load } = loadOnApi();

test("docs/load.md has every scenario", () => {
  const rows = SCENARIOS.map((scenario) => [`\`${scenario.name}\``, scenario.about, allFiguresOf2023(scenario)]);
  expectTableInDocs("load.md", "scenarios", [["scenario", "what happens", "2023 baseline"], ...rows]);
});

describe.skipIf(k6IsMissing)("each scenario runs against the real API within the objectives:", () => {
  for (const scenario of SCENARIOS) {
    test(scenario.name, async () => {
      const args = [scenario.name, "--target", api.url, "--users", "4", "--duration", "5s"];
      const { exitCode, output, record, series, folder } = await load.scenario(...args);
      expect(output).toContain("ran to its end");
      expect(record.verdict.filter(({ isHeld }) => !isHeld)).toEqual([]);
      expect(exitCode).toBe(0);
      expect(record).toMatchObject({
        scenario: scenario.name,
        endedBy: "duration",
        exit: 0,
        figures: { failed: 0, checksFailed: 0, maxUsers: 4 },
        notes: [],
      });
      // 4 users with 2 requests a second, who come within the first half second.
      expect(record.figures.requests).toBeGreaterThan(25);
      expect(record.target.build).toHaveProperty("version");
      expect(series.rows.length).toBeGreaterThanOrEqual(4);
      expect(series.rows.every(({ t }, index) => index === 0 || t > (series.rows[index - 1]?.t ?? 0))).toBeTrue();
      expect(routesOf(series.rows), `the line of ${scenario.name} in ROUTES`).toEqual(ROUTES[scenario.name]);
      expect(statSync(join(folder, "k6-report.html")).size).toBeGreaterThan(50_000);
      expect(readFileSync(join(folder, "k6.log"), "utf8")).not.toContain("level=error");
      expect(readdirSync(folder).sort()).toEqual(FILES);
    });
  }
});

const FILES = ["k6-report.html", "k6-summary.json", "k6.log", "report.html", "run.json", "series.json"];
const BROWSING = ["GET /Cities", "GET /Cities/{id}", "GET /Forecast/{id}"];
/** Without a line here `npm run typecheck` names the scenario. */
const ROUTES: Readonly<Record<ScenarioName, string[]>> = {
  "browse-cities": BROWSING.slice(0, 2),
  "browse-weather": BROWSING,
  "moderators-add-values": [...BROWSING, "POST /Forecast/{cityId}"],
  "service-grows": [...BROWSING, "POST /Cities", "POST /Forecast/{cityId}"],
  "heavy-query": ["GET /WeatherForecast"],
  "realistic-growth": [...BROWSING, "POST /Cities", "POST /Forecast/{cityId}"],
  "chaos-background": ["GET /Cities"],
};

function routesOf(rows: readonly { readonly routes: object }[]): string[] {
  return [...new Set(rows.flatMap(({ routes }) => Object.keys(routes)))].sort();
}

describe.skipIf(k6IsMissing)("a run", () => {
  test("with a ramp brings more and more users, and no user sends more than two requests a second", async () => {
    const args = ["browse-cities", "--target", api.url, "--ramp", "10/1s", "--max-users", "60"];
    const { record, series, exitCode } = await load.scenario(...args);
    expect(exitCode).toBe(0);
    expect(record.endedBy).toBe("ramp");
    expect(record.figures.maxUsers).toBeGreaterThan(50);
    // Ten users come in a second, and are counted once in it.
    const allowed = series.rows.reduce((sum, row) => sum + 2 * (row.users + 10), 0);
    expect(record.figures.requests).toBeLessThanOrEqual(allowed);
    // Afterwards users end what they have begun, and go.
    const users = series.rows.filter(({ t }) => t <= 6).map((row) => row.users);
    expect(users).toEqual(users.toSorted((one, other) => one - other));
  });

  test("can ask for bodies as they are", async () => {
    const args = ["heavy-query", "--target", api.url, "--users", "2", "--duration", "4s"];
    const gzip = await load.scenario(...args);
    const identity = await load.scenario(...args, "--encoding", "identity");
    const bytes = ({ record }: typeof gzip) => record.figures.bytesReceived / record.figures.requests;
    expect(bytes(identity)).toBeGreaterThan(3 * bytes(gzip));
  });

  test.skipIf(!isGiven("Linux", process.platform === "linux"))("measures what k6 and the computer use", async () => {
    const { series } = await load.scenario("browse-cities", "--target", api.url, "--users", "4", "--duration", "5s");
    const parts = series.parts ?? [];
    expect(parts.length).toBeGreaterThanOrEqual(3);
    expect(parts[0]?.parts.map(({ name }) => name)).toEqual(["computer", "k6"]);
  });

  test("prints its record as JSON for programs", async () => {
    const args = ["browse-cities", "--target", api.url, "--users", "1", "--duration", "3s", "--json"];
    const { exitCode, results } = await load.run(...args);
    expect(exitCode).toBe(0);
    expect(JSON.parse(results)).toMatchObject({ scenario: "browse-cities", exit: 0 });
  });

  test("can be compared with another", async () => {
    const [one, other] = readdirSync(load.runs).map((name) => join(load.runs, name));
    const page = join(load.runs, "comparison.html");
    const { exitCode } = await load.runBare("compare", one ?? "", other ?? "", "--output", page);
    expect(exitCode).toBe(0);
    expect(statSync(page).size).toBeGreaterThan(10_000);
  });

  test("of a capacity search is a step; the search tells the most users and goes on after an interruption", async () => {
    const args = [
      "capacity",
      "browse-cities",
      "--target",
      api.url,
      "--start",
      "4",
      "--max",
      "8",
      "--warm-up",
      "1",
      "--hold",
      "2",
    ];
    const { exitCode, output } = await load.run(...args);
    expect(output).toContain("browse-cities: capacity 8 users; no limit found up to the maximum");
    expect(exitCode).toBe(0);
    const folder = /^files: (.+)$/m.exec(output)?.[1] ?? "";
    expect(readdirSync(join(folder, "steps")).length).toBeGreaterThanOrEqual(2);
    const again = await load.run(...args, "--resume", folder);
    expect(again.output).toContain("capacity 8 users");
  });
});
