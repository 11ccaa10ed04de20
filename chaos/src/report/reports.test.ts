import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeComparison, writeRunFile } from "@goldenring/run-kit";
import {
  describeInChromium,
  expectDrawn,
  expectHeadingsInOrder,
  namesOfControls,
  overflowing,
  PHONE,
} from "@goldenring/run-kit/browser-fixture";
import type { Page } from "playwright-core";
import { type ExperimentRun, RUN_FILES } from "../run/record.ts";
import { comparisonOf } from "./comparison-page.ts";
import { runPage } from "./run-page.ts";
import { runSummary } from "./summary.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";
import { EXPERIMENT_RUNS, junitOfRuns, writeReport } from "./write.ts";

const HOSTILE = ` </script><img src=x onerror="document.title='taken over'"> & ]]> | \u0000'é`;

const held = syntheticRun({ seed: 1, rounds: 1 });
const rounds = syntheticRun({ seed: 2, rounds: 5, pause: 3_000, endedBy: "deviated", experiment: "CE-02" });
const long = syntheticRun({ seed: 3, rounds: 1, seconds: 900, experiment: "CE-03" });
const hostile = syntheticRun({ seed: 4, rounds: 2, pause: 3_600, endedBy: "not-undone", text: HOSTILE });
const nothing: ExperimentRun = {
  ...held,
  rounds: [],
  expectations: [],
  journal: [],
  endedBy: "not-steady",
  ending: "It did not begin.",
};

describe("reports on disk", () => {
  test("a run leaves a page, a summary and a file for CI, and nothing else", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chaos-report-"));
    try {
      expect(await writeReport(folder, held)).toBe(join(folder, "report.html"));
      expect((await readdir(folder)).sort()).toEqual(["junit.xml", "report.html", "summary.md"]);
      expect(await readFile(join(folder, "summary.md"), "utf8")).toBe(runSummary(held));
      for (const run of [held, rounds]) {
        mkdirSync(join(folder, run.id));
        writeRunFile(join(folder, run.id), RUN_FILES.record, run);
      }
      const [one, other] = [held, rounds].map(({ id }) => join(folder, id)) as [string, string];
      await writeComparison([one, other], join(folder, "comparison.html"), EXPERIMENT_RUNS);
      const same = writeComparison([one, one], join(folder, "same.html"), EXPERIMENT_RUNS);
      await expect(same).rejects.toThrow("two different runs");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("the summary in Markdown", () => {
  test("has the verdict, each expectation with its figures, and what 2023 saw", () => {
    const text = runSummary(rounds);
    expect(text).toStartWith("# CE-02 Loss of something: deviated from the hypothesis\n");
    expect(text).toContain("| writes pause for 3 s at most | at most 3 s |");
    expect(text).toContain("80 %: new primary after 20 s");
    expect(text.split("\n").filter((line) => line.startsWith("- Round "))).toHaveLength(5);
  });

  test("shows what is known of a run without a round", () => {
    expect(runSummary(nothing)).toContain("It did not begin.");
  });
});

describeInChromium("the reports of experiments", ({ visitContent }) => {
  async function rowsOf(page: Page, heading: string): Promise<string[][]> {
    const rows = await page.locator(`section[aria-labelledby="${heading}"] tbody tr`).all();
    return Promise.all(rows.map((row) => row.locator("th, td").allInnerTexts()));
  }

  test("the report of a run shows curves, roles, alerts, expectations, what 2023 saw and the journal", async () => {
    await visitContent(await runPage(held), async ({ page }) => {
      await expectDrawn(page, 4);
      expect(await page.textContent("h1")).toBe("CE-01 Loss of something: the hypothesis held");
      expect((await rowsOf(page, "expectations")).map(([words, verdict, limit]) => [words, verdict, limit])).toEqual([
        ["no read fails", "held", "at most 0"],
        ["writes pause for 3 s at most", "held", "at most 3 s"],
        ["time to a new primary", "measured", "none"],
        ["the alert comes within three minutes", "unknown\nthere was nobody to ask", "at most 3 min"],
      ]);
      const [, , saw] = await rowsOf(page, "baseline-2023");
      expect(saw?.[1]).toContain("clients got errors for about 7 s");
      expect(saw?.[2]).toContain("0 of 3,200 reads");
      expect(await rowsOf(page, "alerts")).toHaveLength(3);
      expect(await rowsOf(page, "journal")).toHaveLength(4);
      expect(await namesOfControls(page)).not.toContain("");
      await expectHeadingsInOrder(page);
    });
  });

  test("the timeline tells by the keyboard what was the case at each change", async () => {
    await visitContent(await runPage(held), async ({ page }) => {
      const plot = page.locator("#chart-round-1-timeline .plot");
      await plot.focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      expect(await plot.getAttribute("aria-valuetext")).toBe(
        "8 s: stage: loss, fault pg-01: cut off from all, pg-01: silent, pg-02: replica, timeline 3, master/pg-01: UP",
      );
      expect(await page.locator("#chart-round-1-timeline .legend li").allInnerTexts()).toContain("pg-01: silent");
    });
  });

  test("of several rounds the worst is shown, and each other one when it is unfolded", async () => {
    await visitContent(await runPage(rounds), async ({ page }) => {
      const groups = await page.locator("details.group").all();
      expect(groups).toHaveLength(4);
      for (const group of groups) await group.locator("> summary").click();
      await page.waitForTimeout(200);
      await expectDrawn(page, 20);
      const widths = await page
        .locator("canvas")
        .evaluateAll((all) => all.map((canvas) => canvas.getBoundingClientRect().width));
      expect(new Set(widths.map(Math.round)).size).toBe(1);
    });
  });

  test("a comparison lays runs over each other", async () => {
    await visitContent(await comparisonOf([held, rounds, long]), async ({ page }) => {
      await expectDrawn(page, 6);
      expect(await rowsOf(page, "runs")).toHaveLength(3);
      expect((await rowsOf(page, "set-ups")).map(([name]) => name)).toContain("Experiment");
      expect(await page.locator("#chart-writes-slowest .legend button").allInnerTexts()).toEqual(["A", "B", "C"]);
    });
  });

  test("every page fits a phone in the dark, with all that can be unfolded", async () => {
    for (const content of [
      await runPage(rounds),
      await runPage(hostile),
      await comparisonOf([held, rounds, hostile]),
    ]) {
      await visitContent(
        content,
        async ({ page }) => {
          await page.evaluate(() => {
            for (const details of document.querySelectorAll("details")) details.open = true;
          });
          await page.waitForTimeout(200);
          expect(await overflowing(page)).toEqual([]);
          expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(16, 20, 26)");
        },
        { ...PHONE, colorScheme: "dark" },
      );
    }
  });

  test("hostile texts in every field stay texts, and say what they are", async () => {
    // A page leaves NUL out.
    const shown = HOSTILE.replace("\u0000", "");
    for (const content of [await runPage(hostile), await comparisonOf([held, hostile])]) {
      await visitContent(content, async ({ page }) => {
        expect(await page.locator("img").count()).toBe(0);
        expect(await page.title()).not.toBe("taken over");
        expect(await page.textContent("main")).toContain(shown.trim());
      });
    }
    await visitContent(await runPage(hostile), async ({ page }) => {
      expect(await page.textContent(".notice")).toContain("ring chaos recover");
      expect(await rowsOf(page, "violations")).not.toEqual([]);
    });
  });

  test("a run of a quarter of an hour stays under a megabyte, and one without a round is a page all the same", async () => {
    const content = await runPage(long);
    expect(content.length).toBeLessThan(1_000_000);
    await visitContent(content, ({ page }) => expectDrawn(page, 4));
    await visitContent(await runPage(nothing), async ({ page }) => {
      expect(await page.textContent("h1")).toContain("the stand was not steady");
    });
  });

  test("JUnit XML is well-formed whatever stands in a run, with a case for each expectation", async () => {
    const xml = junitOfRuns([held, rounds, hostile, nothing]);
    await visitContent("<!doctype html><title>empty</title><link rel=icon href=data:,>", async ({ page }) => {
      const read = await page.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, "application/xml");
        const suites = Array.from(parsed.querySelectorAll("testsuite"));
        return {
          errors: parsed.querySelectorAll("parsererror").length,
          suites: suites.map((suite) => ({
            name: suite.getAttribute("name"),
            counts: ["tests", "failures", "errors", "skipped"].map((name) => Number(suite.getAttribute(name))),
            found: ["testcase", "failure", "error", "skipped"].map((name) => suite.querySelectorAll(name).length),
          })),
          names: Array.from(parsed.querySelectorAll("testcase")).map((each) => each.getAttribute("name")),
        };
      }, xml);
      expect(read.errors).toBe(0);
      for (const { counts, found } of read.suites) expect(counts).toEqual(found);
      expect(read.suites.map(({ name, counts }) => [name, ...counts])).toEqual([
        ["chaos.CE-01", 5, 0, 1, 1],
        ["chaos.CE-02", 5, 1, 1, 1],
        ["chaos.CE-01", 5, 1, 2, 1],
        ["chaos.CE-01", 1, 0, 1, 0],
      ]);
      expect(read.names).toContain(`no read fails${HOSTILE.replace("\u0000", "\ufffd")}: at most 0`);
    });
  });
});
