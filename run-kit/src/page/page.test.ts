import { expect, test } from "bun:test";
import {
  describeInChromium,
  expectDrawn,
  expectHeadingsInOrder,
  namesOfControls,
  overflowing,
  PHONE,
} from "../browser.fixture.ts";
import type { Chart, Timeline } from "./chart.ts";
import { html, table } from "./html.ts";
import { type PageContent, page } from "./page.ts";

const HOSTILE = `</script></style><img src=x onerror="document.title='taken over'">&lt;b&gt; "'`;

const curves: Chart = {
  id: "curves-one",
  title: "Latency",
  about: "How long it took.",
  x: { label: "Seconds", unit: "s" },
  y: { unit: "ms", scale: "logarithmic" },
  xs: [0, 1, 2, 3, 4, 5],
  lines: [
    { name: "reads", values: [1, 2, 0, 1000, null, 3] },
    { name: HOSTILE, values: [4, 5, 6, null, 8, 9], colour: 3 },
  ],
  limits: [{ name: "objective", value: 600 }],
  bands: [{ from: 2, to: 4, name: "the cable is cut" }],
};

const lanes: Timeline = {
  id: "lanes",
  title: "What happened",
  about: "Faults and roles.",
  x: { label: "Seconds", unit: "s", from: 0, to: 5 },
  lanes: [
    { name: "fault", spans: [{ from: 2, to: 4, name: "cable cut", tone: "bad" }] },
    {
      name: "pg-01",
      spans: [
        { from: 0, to: 2.5, name: "primary", tone: "steady" },
        { from: 2.5, to: 5, name: HOSTILE, tone: "unknown" },
      ],
    },
  ],
};

const content: PageContent = {
  title: `A run ${HOSTILE}`,
  header: html`<h1>A run ${HOSTILE}</h1>`,
  main: html`<h2>Figures</h2>${table("Figures", ["Figure", { number: "Value" }], [[HOSTILE, "12"]])}`,
  charts: [lanes, curves],
  withoutCharts: "The data are in run.json.",
  rest: undefined,
};

const text = await page(content);

describeInChromium("the page of a run", ({ visitContent }) => {
  test("draws every figure, asks for nothing and shows hostile texts as texts", () =>
    visitContent(text, async ({ page: at }) => {
      await expectDrawn(at, 2);
      expect(await at.title()).toBe(content.title);
      expect(await at.textContent("h1")).toBe(`A run ${HOSTILE}`);
      expect(await at.textContent("td + td, tbody th")).toBe(HOSTILE);
      expect(await at.locator("img").count()).toBe(0);
    }));

  test("has a policy that lets no other script in", () =>
    visitContent(text, async ({ page: at }) => {
      const policy = await at.getAttribute("meta[http-equiv]", "content");
      expect(policy).toStartWith("default-src 'none'; script-src 'sha256-");
      expect(policy).not.toContain("unsafe");
      expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    }));

  test("is worked by the keyboard and told in words: a curve moment by moment, a timeline change by change", () =>
    visitContent(text, async ({ page: at }) => {
      const words = (id: string) => at.getAttribute(`#chart-${id} .plot`, "aria-valuetext");
      await at.focus("#chart-curves-one .plot");
      for (const key of ["Home", "ArrowRight", "ArrowRight", "ArrowRight"]) await at.keyboard.press(key);
      expect(await words("curves-one")).toBe(`3 s: the cable is cut, reads 1,000 ms, ${HOSTILE} –`);
      await at.focus("#chart-lanes .plot");
      await at.keyboard.press("Home");
      expect(await words("lanes")).toBe("0 s: pg-01: primary");
      await at.keyboard.press("ArrowRight");
      expect(await words("lanes")).toBe("2 s: fault: cable cut, pg-01: primary");
      await at.keyboard.press("ArrowRight");
      expect(await words("lanes")).toBe(`2.5 s: fault: cable cut, pg-01: ${HOSTILE}`);
      expect(await namesOfControls(at)).not.toContain("");
      await expectHeadingsInOrder(at);
    }));

  test("has all of its data as tables", () =>
    visitContent(text, async ({ page: at }) => {
      for (const id of ["lanes", "curves-one"]) await at.click(`#chart-${id} summary`);
      // A table is filled when its details have opened, which the click does not wait for.
      for (const id of ["lanes", "curves-one"]) await at.waitForSelector(`#chart-${id} tbody tr`);
      expect(await at.locator("#chart-curves-one tbody tr").count()).toBe(curves.xs.length);
      expect(await at.locator("#chart-lanes tbody tr").allInnerTexts()).toEqual([
        "fault\tcable cut\t2 s\t4 s\t2 s",
        "pg-01\tprimary\t0 s\t2.5 s\t2.5 s",
        `pg-01\t${HOSTILE}\t2.5 s\t5 s\t2.5 s`,
      ]);
    }));

  test("hides a line when its name is pressed, and brings it back", () =>
    visitContent(text, async ({ page: at }) => {
      const first = at.locator("#chart-curves-one .legend button").first();
      const drawn = () =>
        at.locator("#chart-curves-one canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
      const before = await drawn();
      await first.click();
      expect(await first.getAttribute("aria-pressed")).toBe("false");
      await at.waitForTimeout(100);
      expect((await drawn()) === before).toBe(false);
      await first.click();
      expect(await first.getAttribute("aria-pressed")).toBe("true");
    }));

  test("fits a phone, in the light and in the dark, and has other colours there", async () => {
    const papers: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await visitContent(
        text,
        async ({ page: at }) => {
          for (const summary of await at.locator("summary").all()) await summary.click();
          expect(await overflowing(at)).toEqual([]);
          await expectDrawn(at, 2);
          papers.push(await at.evaluate(() => getComputedStyle(document.body).backgroundColor));
        },
        { ...PHONE, colorScheme },
      );
    }
    expect(new Set(papers).size).toBe(2);
  });

  test("is drawn again when the computer turns dark, and printed on white", () =>
    visitContent(text, async ({ page: at }) => {
      const drawn = () =>
        at
          .locator("canvas")
          .first()
          .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
      const light = await drawn();
      await at.emulateMedia({ colorScheme: "dark" });
      await at.waitForTimeout(100);
      expect((await drawn()) === light).toBe(false);
      const inPrint = at.evaluate(
        () =>
          new Promise<string>((resolve) =>
            addEventListener("beforeprint", () =>
              resolve(getComputedStyle(document.documentElement).getPropertyValue("--paper")),
            ),
          ),
      );
      const printed = await at.pdf();
      expect(await inPrint).toBe("#fbf8f1");
      expect(printed.length).toBeGreaterThan(10_000);
      expect(await at.evaluate(() => document.documentElement.dataset.theme)).toBeUndefined();
    }));
});
