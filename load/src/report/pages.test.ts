import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeComparison } from "@goldenring/run-kit";
import {
  describeInChromium,
  drawings,
  expectDrawn,
  expectHeadingsInOrder,
  figuresDrawn,
  type Look,
  namesOfControls,
  overflowing,
  PHONE,
  paleTexts,
} from "@goldenring/run-kit/browser-fixture";
import type { Page } from "playwright-core";
import { RUN_FILES, writeRun } from "../record/record.ts";
import { LOAD_RUNS, writeReport } from "./run-page.ts";
import { type SyntheticRun, syntheticRun } from "./synthetic-run.fixture.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "goldenring-report-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function storedRun(name: string, options: SyntheticRun = {}): Promise<string> {
  const at = join(folder, name);
  const { record, series } = syntheticRun(options);
  await mkdir(at, { recursive: true });
  writeRun({ folder: at, record, series });
  return at;
}

async function report(name: string, options: SyntheticRun = {}): Promise<string> {
  return pathToFileURL(await writeReport(await storedRun(name, options))).href;
}

async function comparison(name: string, runs: readonly SyntheticRun[]): Promise<string> {
  const file = join(folder, `${name}.html`);
  const stored = await Promise.all(runs.map((options, at) => storedRun(`${name}-${at}`, options)));
  await writeComparison(stored, file, LOAD_RUNS);
  return pathToFileURL(file).href;
}

const REPEATED: readonly SyntheticRun[] = [
  ...[1, 2, 3, 4].map((seed) => ({ seed, seconds: 60 })),
  ...[5, 6, 7, 8].map((seed) => ({ seed, seconds: 90, saturation: 1_400, build: { version: "baseline" } })),
];

test("a report is one file that may run its own script and nothing else", async () => {
  const at = await storedRun("policy");
  const file = await writeReport(at);
  const text = await readFile(file, "utf8");
  expect((await readdir(at)).sort()).toEqual(["report.html", "run.json", "series.json"]);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text)?.[1];
  expect(policy).toStartWith("default-src &#39;none&#39;; script-src &#39;sha256-");
  expect(policy).not.toContain("unsafe");
  expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(text).toContain("Copyright (c) 2022 Leon Sorokin");
});

test("a comparison needs two different runs, and a report a folder that holds a run", async () => {
  const one = await storedRun("one");
  await expect(writeComparison([one, one], join(folder, "never.html"), LOAD_RUNS)).rejects.toThrow(
    "two different runs",
  );
  await expect(writeReport(join(folder, "missing"))).rejects.toThrow("cannot be read");
  await writeFile(join(one, RUN_FILES.record), "{}");
  await expect(writeReport(one)).rejects.toThrow("is not a record that this version reads");
});

describeInChromium("the reports of load tests", ({ visit }) => {
  test("the report draws all its charts, asks for nothing and says what was measured", async () => {
    await visit(await report("whole", { saturation: 900 }), async ({ page }) => {
      await expectDrawn(page, 6);
      expect(await page.textContent("h1")).toBe("browse-cities: Missed: p95, p90");
      expect(await page.textContent("#saturation ~ p")).toBe("Saturated first: CPU of a replica.");
      expect(await page.locator("#objectives ~ .table-frame tbody tr").count()).toBe(4);
    });
  });

  test("the comparison draws every run over the others and tells which differences exceed the spread", async () => {
    await visit(await comparison("repeated", REPEATED), async ({ page }) => {
      await expectDrawn(page, 8);
      expect(await page.locator("#chart-p95 .legend button").allTextContents()).toEqual(
        ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4"].map((name) => `${name} `),
      );
      const p95 = await page.locator("#differences ~ .table-frame tr", { hasText: "Latency, P95" }).textContent();
      expect(p95).toContain("yes, p = 0.029: worse");
      expect(await page.locator("#set-ups ~ .table-frame tbody th").allTextContents()).toEqual([
        "Load",
        "Target's build",
      ]);
    });
  });

  test("a curve is read with the keyboard, and its values are in a table", async () => {
    await visit(await report("keyboard"), async ({ page }) => {
      await expectDrawn(page, 6);
      const plot = page.locator("#chart-latency .plot");
      await plot.focus();
      await page.keyboard.press("Home");
      await page.waitForFunction(() => document.querySelector("#chart-latency .legend-value")?.textContent !== "");
      const first = await plot.getAttribute("aria-valuetext");
      expect(first).toMatch(/^1(\.\d)? s: P50 [\d.]+ ms, P90 [\d.]+ ms, P95 [\d.]+ ms, P99 [\d.]+ ms$/);
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction(
        (text) => document.querySelector("#chart-latency .plot")?.getAttribute("aria-valuetext") !== text,
        first,
      );
      await page.keyboard.press("End");
      await page.waitForFunction(
        () => document.querySelector("#chart-latency .plot")?.getAttribute("aria-valuenow") === "120",
      );
      await page.locator("#chart-latency summary").focus();
      await page.keyboard.press("Enter");
      await page.waitForSelector("#chart-latency details table");
      expect(await page.locator("#chart-latency details tbody tr").count()).toBe(120);
      const names = await page.locator("#chart-latency details thead th").allTextContents();
      expect(names).toEqual(["Seconds from the start", "P50", "P90", "P95", "P99"]);
    });
  });

  test("a name in a legend hides its line and brings it back", async () => {
    await visit(await report("legend"), async ({ page }) => {
      await expectDrawn(page, 6);
      const before = (await drawings(page))[1]?.painted ?? 0;
      const button = page.locator("#chart-latency .legend button").nth(3);
      await button.click();
      expect(await button.getAttribute("aria-pressed")).toBe("false");
      expect((await drawings(page))[1]?.painted).toBeLessThan(before);
      await button.click();
      expect((await drawings(page))[1]?.painted).toBe(before);
    });
  });

  test("both pages fit a phone without scrolling sideways", async () => {
    const look: Look = async ({ page }) => {
      await figuresDrawn(page);
      expect(await overflowing(page)).toEqual([]);
    };
    for (const url of [await report("phone"), await comparison("phones", REPEATED)]) await visit(url, look, PHONE);
  });

  test("both pages can be read in light and dark, and have headings in order and names for all controls", async () => {
    const look: Look = async ({ page }) => {
      await figuresDrawn(page);
      expect(await paleTexts(page)).toEqual([]);
      const names = await namesOfControls(page);
      expect(names.length).toBeGreaterThan(15);
      expect(names).not.toContain("");
      await expectHeadingsInOrder(page);
    };
    for (const url of [await report("colours"), await comparison("coloured", REPEATED)])
      for (const colorScheme of ["light", "dark"] as const) await visit(url, look, { colorScheme });
  });

  test("charts follow the system into the dark, and onto white paper", async () => {
    await visit(await report("themes"), async ({ page }) => {
      await expectDrawn(page, 6);
      await page.emulateMedia({ colorScheme: "light" });
      const inLight = await mainColour(page);
      await page.emulateMedia({ colorScheme: "dark" });
      await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === "rgb(16, 20, 26)");
      await page.waitForTimeout(200);
      expect(await mainColour(page)).not.toBe(inLight);
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      await page.waitForTimeout(200);
      expect(await mainColour(page)).toBe(inLight);
      await page.evaluate(() => dispatchEvent(new Event("afterprint")));
      expect((await page.pdf()).length).toBeGreaterThan(20_000);
    });
  });

  test("whatever names and notes hold stands there as text", async () => {
    const odd = `</script><img src="x" onerror="document.title='run'">`;
    await visit(await report("odd", { scenario: odd, notes: [odd] }), async ({ page }) => {
      await figuresDrawn(page);
      expect(await page.textContent("h1")).toContain(odd);
      expect(await page.textContent("header .notice")).toBe(odd);
      expect(await page.locator("img").count()).toBe(0);
      expect(await page.title()).toContain(odd);
    });
  });

  test("a run without a single answer has a report as well", async () => {
    const at = await storedRun("empty");
    const { record, series } = syntheticRun({ endedBy: "target unreachable", noParts: true });
    const { latency: _, ...figures } = record.figures;
    writeRun({ folder: at, record: { ...record, figures, verdict: [] }, series: { ...series, rows: [] } });
    await visit(pathToFileURL(await writeReport(at)).href, async ({ page }) => {
      expect(await page.textContent(".lead")).toContain("no answers");
      expect(await page.textContent("#saturation ~ p")).toBe("No resource was measured during this run.");
      expect(await page.locator("canvas, .notice").count()).toBe(0);
    });
  });
});

/** Of the first chart: that of its grid. */
async function mainColour(page: Page): Promise<string | undefined> {
  return (await drawings(page))[0]?.mainColour;
}
