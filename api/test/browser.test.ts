import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  contrasts,
  describeInChromium,
  drawings,
  expectHeadingsInOrder,
  type Look,
  namesOfControls,
  overflowing,
  PHONE,
} from "@goldenring/run-kit/browser-fixture";
import type { Page } from "playwright-core";
import { startOfDay } from "../page/src/calendar.ts";
import { type Replica, startReplica } from "./replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "./throwaway-cluster.ts";

const START_MS = 90_000;

interface WeatherOfCity {
  readonly id: number;
  readonly name: string;
  readonly forecast: readonly { readonly dateTime: number; readonly temperature: number; readonly summary: string }[];
}

describeInChromium("the page and Swagger UI", ({ visit }) => {
  let cluster: ThrowawayCluster;
  let replica: Replica;

  const look = (path: string, act: Look, options = {}): Promise<void> => visit(replica.url + path, act, options);

  async function weather(): Promise<WeatherOfCity[]> {
    return (await (await fetch(`${replica.url}/WeatherForecast`)).json()) as WeatherOfCity[];
  }

  beforeAll(async () => {
    cluster = await startThrowawayCluster();
    replica = await startReplica({ databaseUrl: await cluster.createDatabase(), env: { SAMPLE_DATA: "if-empty" } });
  }, START_MS);

  afterAll(async () => {
    await replica.stop();
    await cluster.remove();
  }, START_MS);

  describe("the page", () => {
    test("shows the nine cities of the API, the temperature of now and a drawn chart on each card", async () => {
      const cities = await weather();
      await look("/", async ({ page }) => {
        await cardsAreThere(page, 9);
        expect(await page.locator(".card h3").allTextContents()).toEqual(cities.map(({ name }) => name));
        expect(await page.locator(".card h3 a").first().getAttribute("lang")).toBe("ru");
        const shown = await page.locator(".card-degrees").allTextContents();
        expect(shown).toEqual(cities.map((city) => inDegrees(temperatureOfNow(city))));
        await drawEveryChart(page);
        const drawn = await drawings(page, ".card canvas");
        expect(drawn).toHaveLength(9);
        for (const { painted } of drawn) expect(painted).toBeGreaterThan(100);
      });
    });

    test("is worked by the keyboard alone: to a city, along its chart, back to where one was", async () => {
      const city = (await weather())[4];
      await look("/", async ({ page }) => {
        await cardsAreThere(page, 9);
        await tabTo(page, city?.name ?? "");
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => document.activeElement?.id === "view-name");
        expect(new URL(page.url()).hash).toBe(`#city-${city?.id}`);
        expect(await page.textContent("#view-name")).toBe(city?.name ?? "");
        expect(await drawings(page, "#view-chart canvas")).toHaveLength(1);

        await tabTo(page, "view-chart");
        const chart = page.locator("#view-chart");
        const first = await chart.getAttribute("aria-valuetext");
        await page.keyboard.press("ArrowRight");
        const second = await chart.getAttribute("aria-valuetext");
        expect(second).not.toBe(first);
        await page.keyboard.press("End");
        const last = city?.forecast.at(-1);
        expect(await chart.getAttribute("aria-valuetext")).toContain(
          `${inDegrees(last?.temperature ?? 0)}, ${last?.summary}`,
        );
        expect(await page.textContent("#view-degrees")).toBe(inDegrees(last?.temperature ?? 0));

        await page.keyboard.press("Escape");
        await page.waitForFunction(() => document.querySelector("#view")?.checkVisibility() === false);
        expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(city?.name ?? "");
      });
    });

    test("has every value of the chosen city in a table", async () => {
      const city = (await weather())[1];
      const today = startOfDay(Date.now());
      const expected = city?.forecast.filter(({ dateTime }) => dateTime >= today) ?? [];
      expect(expected.length).toBeGreaterThan(60);
      await look(`/#city-${city?.id}`, async ({ page }) => {
        await page.waitForSelector("#view-chart canvas");
        await page.locator("#view-values summary").focus();
        await page.keyboard.press("Enter");
        await page.waitForFunction(
          (rows) => document.querySelectorAll("#view-table td").length === 2 * rows,
          expected.length,
        );
        const cells = await page.locator("#view-table td").allTextContents();
        expect(cells).toEqual(expected.flatMap(({ temperature, summary }) => [inDegrees(temperature), summary]));
        expect(await page.locator("#view-table thead th").count()).toBe(3);
        expect(await page.textContent("#view-table caption")).toContain("Pereslavl-Zalessky");
      });
    });

    test("follows the system into the dark, and a choice of one's own even after a reload; charts go along", async () => {
      await look("/", async ({ page }) => {
        await cardsAreThere(page, 9);
        const light = await appearance(page);
        await page.click("#theme");
        expect(await page.getAttribute("#theme", "aria-pressed")).toBe("true");
        const dark = await appearance(page);
        expect(luminance(dark.background)).toBeLessThan(0.1);
        expect(luminance(light.background)).toBeGreaterThan(0.8);
        expect(dark.chart).not.toBe(light.chart);
        await page.reload();
        await cardsAreThere(page, 9);
        expect((await appearance(page)).background).toBe(dark.background);
      });
      const night = { colorScheme: "dark" };
      await look(
        "/",
        async ({ page }) => {
          expect(luminance((await appearance(page)).background)).toBeLessThan(0.1);
        },
        night,
      );
    });

    test("fits a phone of 360 pixels in both languages without scrolling sideways", async () => {
      for (const locale of ["en-GB", "ru-RU"]) {
        const phone = { ...PHONE, locale };
        await look(
          "/#city-2",
          async ({ page }) => {
            await cardsAreThere(page, 9);
            await page.waitForSelector("#view-chart canvas");
            await page.click("#view-values summary");
            expect(await page.getAttribute("html", "lang")).toBe(locale.slice(0, 2));
            expect(await overflowing(page)).toEqual([]);
          },
          phone,
        );
      }
    });

    test("speaks Russian when asked to, and English again", async () => {
      await look("/", async ({ page }) => {
        await cardsAreThere(page, 9);
        await page.click("#language");
        expect(await page.textContent("h1")).toBe("Тепло ли на Золотом кольце?");
        const summaries = await page.locator(".card-summary").allTextContents();
        expect(summaries.filter((summary) => /^[А-Я][а-я ]+$/.test(summary))).toHaveLength(9);
        expect(await page.textContent("#shown")).toBe("9 городов");
        expect(await page.getAttribute("html", "lang")).toBe("ru");
        await page.click("#language");
        expect(await page.textContent("h1")).toBe("How warm is the Golden Ring?");
      });
    });

    test("finds a city by its Russian or its Latin name, and puts the warmest first", async () => {
      const cities = await weather();
      await look("/", async ({ page }) => {
        await cardsAreThere(page, 9);
        for (const typed of ["сузд", "SUZDAL"]) {
          await page.fill("#search", typed);
          expect(await page.locator(".card h3").allTextContents()).toEqual(["Суздаль"]);
          expect(await page.textContent("#shown")).toBe("1 of 9 cities");
        }
        await page.fill("#search", "Atlantis");
        expect(await page.locator("#state").textContent()).toBe("No city has such a name.");
        await page.fill("#search", "");
        await page.selectOption("#order", "warmest");
        const warmest = Math.max(...cities.map(temperatureOfNow));
        expect(await page.locator(".card-degrees").first().textContent()).toBe(inDegrees(warmest));
      });
    });

    test("asks again with the ETag, so that an unchanged answer is a 304, and shows a value that is new", async () => {
      await look("/", async ({ page, answers }) => {
        await cardsAreThere(page, 9);
        // What the page itself has asked for may come after its cards.
        await page.waitForLoadState("networkidle");
        const before = answers.length;
        await page.click("#refresh");
        await page.waitForTimeout(500);
        const statuses = answers.slice(before).map(({ status }) => status);
        expect(statuses).toEqual([304, 304, 304]);

        const dateTime = Date.now();
        const body = JSON.stringify({ dateTime, temperature: 37, summary: "Fever" });
        const headers = { "content-type": "application/json" };
        expect((await fetch(`${replica.url}/Forecast/9`, { method: "POST", headers, body })).status).toBe(200);
        await page.click("#refresh");
        await page.waitForFunction(
          () => document.querySelector(".card:last-child .card-degrees")?.textContent === "+37°",
        );
      });
    });

    test("has names, headings in order, landmarks and enough contrast, in light and dark", async () => {
      for (const colorScheme of ["light", "dark"]) {
        await look(
          "/#city-3",
          async ({ page }) => {
            await cardsAreThere(page, 9);
            await page.click("#view-values summary");
            const names = await namesOfControls(page);
            expect(names).not.toContain("");
            expect(names.length).toBeGreaterThan(18);

            await expectHeadingsInOrder(page);
            for (const landmark of ["banner", "main", "contentinfo", "navigation"] as const) {
              expect(await page.getByRole(landmark).count()).toBe(1);
            }

            const texts = await contrasts(page);
            expect(texts.length).toBeGreaterThan(150);
            expect(texts.filter(({ ratio, needed }) => ratio < needed)).toEqual([]);
          },
          { colorScheme },
        );
      }
    });

    test("shows unusual rows: markup as text, dates out of the calendar, no values", async () => {
      const url = await cluster.createDatabase("odd");
      const odd = await startReplica({ databaseUrl: url, env: { SAMPLE_DATA: "never" } });
      try {
        const database = new URL(url).pathname.slice(1);
        await cluster.execute(
          `INSERT INTO public.cities (id, name) VALUES (1, '<img src=x onerror=alert(1)>'), (2, repeat('Ы', 255)), (3, 'نِزوى');
         INSERT INTO public.forecast (id, "cityId", "dateTime", temperature, summary) VALUES
           (1, 1, extract(epoch FROM now())::bigint, 2147483647, '<b>hot</b>'),
           (2, 1, 9223372036854775807, -2147483648, NULL),
           (3, 2, extract(epoch FROM now())::bigint * 1000, -3, repeat('long ', 100))`,
          database,
        );
        await visit(
          `${odd.url}/#city-1`,
          async ({ page }) => {
            await cardsAreThere(page, 3);
            expect(await page.textContent("#view-name")).toBe("<img src=x onerror=alert(1)>");
            expect(await page.textContent("#view-when")).toContain("<b>hot</b>");
            expect(await page.locator("main img, main b").count()).toBe(0);
            expect(await page.locator(".card-when").allTextContents()).toEqual(["now", "now", "No values yet"]);
            expect(await overflowing(page)).toEqual([]);
          },
          PHONE,
        );
      } finally {
        await odd.stop();
      }
    });

    test("stays usable with 189 cities and 120,896 values: it fetches little and draws only what is visible", async () => {
      const url = await cluster.createDatabase("large");
      const large = await startReplica({ databaseUrl: url, env: { SAMPLE_DATA: "never" } });
      try {
        const database = new URL(url).pathname.slice(1);
        await cluster.execute(
          `INSERT INTO public.cities (name) SELECT 'Город ' || n FROM generate_series(1, 189) n;
         INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary)
           SELECT n % 189 + 1, (extract(epoch FROM now())::bigint + (n / 189) * 1350) * 1000, (random() * 60 - 30)::int, 'Cool'
           FROM generate_series(0, 120895) n`,
          database,
        );
        await visit(large.url, async ({ page }) => {
          await page.reload();
          await page.waitForSelector(".card canvas");
          expect(await page.textContent("#shown")).toBe("189 cities");
          await scrollUntil(page, 189);
          await page.waitForSelector(".card canvas");
          expect(await page.locator("canvas").count()).toBeLessThan(40);
          await page.fill("#search", "189");
          expect(await page.locator(".card").count()).toBe(1);
          await page.click(".card a");
          await page.waitForFunction(
            () => Number(document.querySelector("#view-chart")?.getAttribute("aria-valuemax")) > 600,
          );
          // A refresh, which the page repeats sooner on a slow computer, asks for the same again.
          const fetched = await page.evaluate(() =>
            performance
              .getEntriesByType("resource")
              .filter((entry) => entry instanceof PerformanceResourceTiming && entry.name.includes("/WeatherForecast"))
              .map((entry) => [entry.name, (entry as PerformanceResourceTiming).decodedBodySize] as const),
          );
          const sizeOf = new Map(fetched);
          expect(sizeOf.size).toBe(4);
          expect([...sizeOf.values()].reduce((sum, size) => sum + size, 0)).toBeLessThan(4_000_000);

          const sizes = await page.evaluate(async () => {
            const response = await fetch("/WeatherForecast", { cache: "no-store" });
            const encoding = response.headers.get("content-encoding");
            return { encoding, length: (await response.arrayBuffer()).byteLength };
          });
          const plain = await fetch(`${large.url}/WeatherForecast`, { headers: { "accept-encoding": "identity" } });
          expect(sizes).toEqual({ encoding: "gzip", length: (await plain.arrayBuffer()).byteLength });
        });
      } finally {
        await large.stop();
      }
    });

    test("of 5,000 cities it shows the first ones at once, and the others as one scrolls or searches", async () => {
      const url = await cluster.createDatabase("many");
      const many = await startReplica({ databaseUrl: url, env: { SAMPLE_DATA: "never" } });
      try {
        await cluster.execute(
          `INSERT INTO public.cities (name) SELECT 'Город ' || n FROM generate_series(1, 5000) n;
         INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary)
           SELECT n % 5000 + 1, (extract(epoch FROM now())::bigint + (n / 5000 - 2) * 10800) * 1000, n / 5000, 'Cool'
           FROM generate_series(0, 79999) n`,
          new URL(url).pathname.slice(1),
        );
        for (const [options, maxHeightPx] of [
          [{}, 5_000],
          [PHONE, 12_000],
        ] as const) {
          await visit(
            many.url,
            async ({ page }) => {
              await page.waitForSelector(".card .card-degrees:text-is('+2°')");
              expect(await page.textContent("#shown")).toBe("5000 cities");
              // The other days of a card come when it is near the window.
              await page.waitForSelector(".card:first-child .range-highest:text-is('+15°')");
              const { elements, height, fetched } = await page.evaluate(() => ({
                elements: document.querySelectorAll("*").length,
                height: document.documentElement.scrollHeight,
                fetched: performance
                  .getEntriesByType("resource")
                  .map((entry) => [entry.name, (entry as PerformanceResourceTiming).decodedBodySize] as const),
              }));
              expect(elements).toBeLessThan(1_000);
              expect(height).toBeLessThan(maxHeightPx);
              // A refresh, which the page repeats sooner on a slow computer, asks for the same again.
              const bytes = [...new Map(fetched).values()].reduce((sum, size) => sum + size, 0);
              expect(bytes).toBeLessThan(4_000_000);

              // The first ones may still become more, until they fill the window and what is near it.
              const cards = (await page.locator(".card").count()) + 96;
              await scrollUntil(page, cards);
              await page.fill("#search", "4999");
              expect(await page.locator(".card h3").allTextContents()).toEqual(["Город 4999"]);
              // From the top again, the list begins anew.
              await page.evaluate(() => window.scrollTo(0, 0));
              await page.fill("#search", "");
              expect(await page.locator(".card").count()).toBeLessThan(cards);
            },
            options,
          );
        }
      } finally {
        await many.stop();
      }
    });

    test("has the same average in the ring as in the headline: of the cities with a value of now", async () => {
      const url = await cluster.createDatabase("average");
      const replica = await startReplica({ databaseUrl: url, env: { SAMPLE_DATA: "never" } });
      try {
        await cluster.execute(
          `INSERT INTO public.cities (id, name) VALUES (1, 'Cold'), (2, 'Mild'), (3, 'Later'), (4, 'Empty');
         INSERT INTO public.forecast ("cityId", "dateTime", temperature)
           SELECT city, extract(epoch FROM now())::bigint + hours * 3600, temperature
           FROM (VALUES (1, 0, -28), (2, 0, 0), (3, 72, 40)) AS v (city, hours, temperature)`,
          new URL(url).pathname.slice(1),
        );
        await visit(replica.url, async ({ page }) => {
          await cardsAreThere(page, 4);
          expect(await page.textContent("#lead")).toBe("From −28° in Cold to 0° in Mild right now, across 4 cities.");
          expect(await page.locator("#ring .ring-mean").textContent()).toBe("−14°");
          expect(await page.locator("#ring .ring-figure").allTextContents()).toEqual(["−28°", "0°"]);
        });
      } finally {
        await replica.stop();
      }
    });

    test("shows a notice while the database is unavailable, and removes it afterwards", async () => {
      await look("/", async ({ page }) => {
        await cardsAreThere(page, 9);
        expect(await page.isVisible("#notice")).toBe(false);
        await cluster.stop();
        try {
          await refreshUntil(
            page,
            () => document.querySelector("#notice-text")?.textContent?.startsWith("Shown from memory") ?? false,
          );
          expect(await page.isVisible("#notice")).toBe(true);
          expect(await page.textContent("#notice-text")).toMatch(
            /^Shown from memory, \d+ (s|min) old: the database is unavailable\.$/,
          );
          expect(await page.locator(".card").count()).toBe(9);
        } finally {
          await cluster.restart();
        }
        await refreshUntil(page, () => document.querySelector("#notice-text")?.textContent === "");
        expect(await page.isVisible("#notice")).toBe(false);
      });
    });

    test("keeps its values when the API is gone, shows a notice, and recovers on a click", async () => {
      await look("/", async ({ page, tolerate }) => {
        await cardsAreThere(page, 9);
        // Chromium itself writes failed requests to the console.
        tolerate(/ERR_FAILED/);
        await page.route("**/WeatherForecast*", (route) => route.abort());
        await page.click("#refresh");
        await page.waitForSelector("#retry:visible");
        expect(await page.textContent("#notice-text")).toContain("is unavailable just now");
        expect(await page.locator(".card").count()).toBe(9);
        await page.unroute("**/WeatherForecast*");
        await page.click("#retry");
        await page.waitForSelector("#notice", { state: "hidden" });
      });
    });
  });

  describe("Swagger UI", () => {
    test("shows every operation of the description without an error", async () => {
      const description = (await (await fetch(`${replica.url}/swagger/v1/swagger.json`)).json()) as {
        paths: Record<string, Record<string, unknown>>;
      };
      const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
        Object.keys(methods)
          .filter((key) => ["get", "post", "put"].includes(key))
          .map((method) => `${method.toUpperCase()} ${path}`),
      );
      expect(operations.length).toBeGreaterThan(10);
      await look("/swagger", async ({ page }) => {
        await page.waitForSelector(".opblock");
        expect((await operationsShown(page)).toSorted()).toEqual(operations.toSorted());
        for (const operation of operations) {
          const block = await operationBlock(page, operation);
          const control = block.locator("button.opblock-summary-control");
          await control.dispatchEvent("click");
          await block.locator(".opblock-body").waitFor();
          // With all of them open each change takes seconds to draw.
          await control.dispatchEvent("click");
        }
        await page.waitForTimeout(500);
        expect(await page.locator(".errors-wrapper").allTextContents()).toEqual([]);
      });
    });

    test("tries out GET /Cities/{id}", async () => {
      await look("/swagger/index.html", async ({ page }) => {
        const block = await tryOut(page, /^GET \/Cities\/\{/);
        await block.locator("tr[data-param-in=path] input").fill("5");
        await execute(page, block);
        expect(
          await block.locator(".live-responses-table tr.response .response-col_status").first().textContent(),
        ).toContain("200");
        expect(await block.locator(".live-responses-table .microlight").first().textContent()).toContain("Ярославль");
      });
    });

    test("sends the example of the description where its user writes no other body, and warns of numbers above 2^53", async () => {
      await look("/swagger/index.html", async ({ page }) => {
        expect(await page.textContent(".info")).toContain("2^53");
        const block = await tryOut(page, /^POST \/Forecast\/\{/);
        await block.locator("tr[data-param-in=path] input").fill("1");
        await execute(page, block);
        const shown = await block.locator(".live-responses-table .microlight").first().textContent();
        expect(JSON.parse(shown ?? "")).toMatchObject({
          cityId: 1,
          dateTime: 1_795_000_000_000,
          temperature: -7,
          summary: "Snow",
        });
      });
    });

    test("tries out POST /Forecast/{cityId}, and the value is stored", async () => {
      await look("/swagger/index.html", async ({ page }) => {
        const block = await tryOut(page, /^POST \/Forecast\/\{/);
        await block.locator("tr[data-param-in=path] input").fill("4");
        const value = { dateTime: Date.now(), temperature: 21, summary: "Tried out" };
        await block.locator("textarea.body-param__text").fill(JSON.stringify(value));
        await execute(page, block);
        expect(
          await block.locator(".live-responses-table tr.response .response-col_status").first().textContent(),
        ).toContain("200");
        const shown = await block.locator(".live-responses-table .microlight").first().textContent();
        expect(JSON.parse(shown ?? "")).toMatchObject({ cityId: 4, ...value });
        const stored = (await weather())[3]?.forecast.at(-1);
        expect(stored).toMatchObject(value);
      });
    });
  });
});

function cardsAreThere(page: Page, count: number): Promise<unknown> {
  return page.waitForFunction((expected) => document.querySelectorAll(".card").length === expected, count);
}

function temperatureOfNow({ forecast }: WeatherOfCity): number {
  const now = Date.now();
  const byDistance = forecast.toSorted((a, b) => Math.abs(a.dateTime - now) - Math.abs(b.dateTime - now));
  return byDistance[0]?.temperature ?? Number.NaN;
}

function inDegrees(temperature: number): string {
  return `${temperature > 0 ? "+" : temperature < 0 ? "−" : ""}${Math.abs(temperature)}°`;
}

/** Scrolls to the end of the list, which goes on there, until so many cards are there. */
function scrollUntil(page: Page, count: number): Promise<unknown> {
  return page.waitForFunction((expected) => {
    window.scrollTo(0, document.documentElement.scrollHeight);
    return document.querySelectorAll(".card").length >= expected;
  }, count);
}

/** Charts are drawn when they come near the window, so go past all of them in a window tall enough. */
async function drawEveryChart(page: Page): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 3000 });
  await page.waitForFunction(
    () => document.querySelectorAll(".card canvas").length === document.querySelectorAll(".card").length,
  );
  await page.waitForTimeout(200);
}

/** Presses Tab until the focus is on the element with this text or id. */
async function tabTo(page: Page, textOrId: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const reached = await page.evaluate(
      (expected) => document.activeElement?.id === expected || document.activeElement?.textContent === expected,
      textOrId,
    );
    if (reached) return;
  }
  throw new Error(`the Tab key never reached ${textOrId}`);
}

async function appearance(page: Page): Promise<{ readonly background: string; readonly chart: string }> {
  await page.waitForSelector(".card canvas");
  await page.waitForTimeout(200);
  return page.evaluate(() => ({
    background: getComputedStyle(document.body).backgroundColor,
    chart: document.querySelector<HTMLCanvasElement>(".card canvas")?.toDataURL() ?? "",
  }));
}

/** Roughly, of "rgb(r, g, b)": 0 is black, 1 is white. */
function luminance(colour: string): number {
  const channels = Array.from(colour.matchAll(/[\d.]+/g), Number).slice(0, 3);
  return channels.reduce((sum, channel) => sum + channel, 0) / (3 * 255);
}

/** Clicks Refresh until the page is as it should be. */
async function refreshUntil(page: Page, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await page.evaluate(condition))) {
    if (performance.now() > deadline) throw new Error(`never true: ${condition}`);
    await page.click("#refresh");
    await page.waitForTimeout(250);
  }
}

function operationsShown(page: Page): Promise<string[]> {
  return page.$$eval(".opblock", (blocks) =>
    blocks.map((block) => {
      const method = block.querySelector(".opblock-summary-method")?.textContent ?? "";
      const path = block.querySelector("[data-path]")?.getAttribute("data-path") ?? "";
      return `${method} ${path}`;
    }),
  );
}

async function operationBlock(page: Page, wanted: string | RegExp) {
  await page.waitForSelector(".opblock");
  const index = (await operationsShown(page)).findIndex((shown) =>
    typeof wanted === "string" ? shown === wanted : wanted.test(shown),
  );
  if (index < 0) throw new Error(`Swagger UI does not show ${wanted}`);
  return page.locator(".opblock").nth(index);
}

async function tryOut(page: Page, wanted: RegExp) {
  const block = await operationBlock(page, wanted);
  await block.locator("button.opblock-summary-control").click();
  await block.locator("button.try-out__btn").click();
  return block;
}

async function execute(page: Page, block: Awaited<ReturnType<typeof tryOut>>): Promise<void> {
  await block.locator("button.execute").click();
  await block.locator(".live-responses-table").waitFor();
  await page.waitForTimeout(100);
}
