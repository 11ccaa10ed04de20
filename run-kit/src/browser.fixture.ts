import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { hasProgram } from "../../skips.fixture.ts";

const USUAL_PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** No sandbox, because tests may run as root in a container; nothing that talks to the internet by itself. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const START_DEADLINE_MS = 90_000;
const TEST_DEADLINE_MS = 60_000;
const ACTION_DEADLINE_MS = 15_000;

/** A phone with a small screen; its page must not scroll sideways. */
export const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true } as const;

/** Kinds of elements that a screen reader must have a name for. */
const INTERACTIVE_ROLES = new Set([
  "button",
  "link",
  "searchbox",
  "textbox",
  "combobox",
  "slider",
  "DisclosureTriangle",
]);

/** A page that is open in a browser profile of its own. */
export interface Visit {
  readonly page: Page;
  /** Status and URL of each answer, in order. */
  readonly answers: readonly { readonly status: number; readonly url: string }[];
  /** Complaints of the browser that match do not fail the visit. */
  tolerate(complaint: RegExp): void;
}

export type Look = (visit: Visit) => Promise<void>;

/** The browser that the tests of a file share. */
export interface Chromium {
  /**
   * Opens a page, lets `look` examine it, and closes it. Fails on errors and warnings in the console, violations of the content
   * security policy, and requests to other servers; a page from a file may request nothing at all.
   */
  visit(url: string, look: Look, options?: BrowserContextOptions): Promise<void>;
  /** Visits a page as a file of its own, as a person who got it by mail would. */
  visitContent(content: string, look: Look, options?: BrowserContextOptions): Promise<void>;
}

/**
 * Tests that share one Chromium: that of CHROMIUM_PATH, or else where distributions put it. Without one they are skipped as
 * `hasProgram` decides. Each test of the file may take a minute.
 */
export function describeInChromium(what: string, tests: (chromium: Chromium) => void): void {
  const named = process.env.CHROMIUM_PATH;
  const executablePath = (named ? [named] : USUAL_PLACES).find((path) => existsSync(path));
  const isInstalled = hasProgram("chromium", executablePath !== undefined);
  setDefaultTimeout(TEST_DEADLINE_MS);
  describe.skipIf(!isInstalled)(`${what}, in a browser`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath ?? "", headless: true, args: ARGUMENTS });
    }, START_DEADLINE_MS);
    afterAll(() => closeWithAllProcesses(browser), START_DEADLINE_MS);
    tests({
      visit: (url, look, options) => visit(browser, url, look, options),
      visitContent: (content, look, options) => visitContent(browser, content, look, options),
    });
  });
}

/** Throws when one of the browser's processes is still there seconds later. */
async function closeWithAllProcesses(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const pids = processInfo.map(({ id }) => id).filter((id) => id > 0);
  await browser.close();
  for (let round = 0; round < 100 && pids.some(lives); round++) await delay(50);
  const left = pids.filter(lives);
  if (left.length > 0) throw new Error(`Chromium left processes behind: ${left.join(", ")}`);
}

/** A zombie is dead: it only waits for its parent to read its exit code. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux";
  }
}

async function visit(browser: Browser, url: string, look: Look, options: BrowserContextOptions = {}): Promise<void> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(ACTION_DEADLINE_MS);
    const complaints: string[] = [];
    const tolerated: RegExp[] = [];
    const answers: { status: number; url: string }[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!isAllowed(request.url(), url)) complaints.push(`request to ${request.url()}`);
    });
    page.on("response", (response) => answers.push({ status: response.status(), url: response.url() }));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(url);
    await look({ page, answers, tolerate: (complaint) => tolerated.push(complaint) });
    const serious = complaints.filter((complaint) => !tolerated.some((pattern) => pattern.test(complaint)));
    if (serious.length > 0) throw new Error(`The browser complained: ${serious.join("; ")}`);
  } finally {
    await context.close();
  }
}

function isAllowed(requested: string, visited: string): boolean {
  const { protocol, origin } = new URL(visited);
  if (/^(data|blob):/.test(requested)) return true;
  return protocol === "file:" ? requested === visited : requested.startsWith(`${origin}/`);
}

async function visitContent(
  browser: Browser,
  content: string,
  look: Look,
  options?: BrowserContextOptions,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  try {
    const file = join(folder, "page.html");
    await writeFile(file, content);
    await visit(browser, pathToFileURL(file).href, look, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits until each figure of a run's page has its canvas, and uPlot has drawn on it. */
export async function figuresDrawn(page: Page): Promise<void> {
  await page.waitForFunction(
    () => document.querySelectorAll("figure canvas").length === document.querySelectorAll("figure").length,
  );
  // uPlot draws in a microtask after its elements are there.
  await page.evaluate(() => new Promise(requestAnimationFrame));
}

/** What is on a canvas. */
export interface Drawing {
  /** Pixels that are not transparent. */
  readonly painted: number;
  /** Different colours: one, and it is blank. */
  readonly colours: number;
  /** The most frequent opaque colour, as "red green blue": that of a chart's grid. Empty where nothing is opaque. */
  readonly mainColour: string;
}

export function drawings(page: Page, selector = "canvas"): Promise<Drawing[]> {
  return page.$$eval(selector, (canvases) =>
    canvases.map((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) throw new Error(`${canvas.tagName} is not a canvas`);
      // A copy: Chromium warns of reading from a canvas that is meant for drawing.
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      if (copy === null) throw new Error("no canvas");
      copy.drawImage(canvas, 0, 0);
      const counts = new Map<number, number>();
      const pixels = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
      const alphaOf = (pixel: number): number => pixel >>> 24;
      const transparent = [...counts]
        .filter(([pixel]) => alphaOf(pixel) === 0)
        .reduce((sum, [, count]) => sum + count, 0);
      const opaque = [...counts].filter(([pixel]) => alphaOf(pixel) === 255).sort(([, one], [, other]) => other - one);
      const [main] = opaque[0] ?? [];
      return {
        painted: pixels.length - transparent,
        colours: counts.size,
        mainColour: main === undefined ? "" : `${main & 255} ${(main >> 8) & 255} ${(main >> 16) & 255}`,
      };
    }),
  );
}

/** That each figure of a run's page is drawn, and none is blank. */
export async function expectDrawn(page: Page, figures: number): Promise<void> {
  await figuresDrawn(page);
  const drawn = await drawings(page);
  expect(drawn).toHaveLength(figures);
  for (const { painted, colours } of drawn) {
    expect(painted).toBeGreaterThan(1_000);
    expect(colours).toBeGreaterThan(5);
  }
}

/** What sticks out to the right of the window, by tag and class. Frames that scroll by themselves keep what is in them. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const inFrame = (element: Element): boolean => element.parentElement?.closest(".table-frame") !== null;
    const wide = Array.from(document.querySelectorAll("body *"))
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !inFrame(element))
      .map((element) => `${element.tagName} ${element.className}`);
    const { scrollWidth } = document.documentElement;
    return scrollWidth > width ? [`page of ${scrollWidth} px`, ...wide] : wide;
  });
}

/** Names of the interactive elements as a screen reader gets them; empty where there is none. */
export async function namesOfControls(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  return nodes
    .filter(({ ignored, role }) => !ignored && INTERACTIVE_ROLES.has(String(role?.value)))
    .map(({ name }) => String(name?.value ?? "").trim());
}

/** That the visible headings begin with the only one of level 1, and leave no level out. */
export async function expectHeadingsInOrder(page: Page): Promise<void> {
  const levels = await page.evaluate(() =>
    Array.from(document.querySelectorAll("h1, h2, h3, h4, h5, h6"))
      .filter((heading) => heading.checkVisibility())
      .map(({ tagName }) => Number(tagName.slice(1))),
  );
  expect(levels[0]).toBe(1);
  expect(levels.filter((level) => level === 1)).toHaveLength(1);
  expect(levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1)).toEqual([]);
}

export interface Contrast {
  readonly text: string;
  /** WCAG 2.2 contrast ratio, 1 to 21. */
  readonly ratio: number;
  /** 3 for large text, else 4.5 (success criterion 1.4.3). */
  readonly needed: number;
}

/** The contrast of every visible text with the first opaque background behind it. */
export function contrasts(page: Page): Promise<Contrast[]> {
  return page.evaluate(() => {
    const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (probe === null) throw new Error("no canvas");
    const channels = (colour: string): Uint8ClampedArray => {
      probe.clearRect(0, 0, 1, 1);
      probe.fillStyle = colour;
      probe.fillRect(0, 0, 1, 1);
      return probe.getImageData(0, 0, 1, 1).data;
    };
    const luminance = (colour: Uint8ClampedArray): number => {
      const [red = 0, green = 0, blue = 0] = Array.from(colour.slice(0, 3), (channel) => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const backgroundOf = (start: Element): Uint8ClampedArray => {
      for (let at: Element | null = start; at !== null; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return channels("white");
    };
    const found: Contrast[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? "";
      const parent = node.parentElement;
      if (text === "" || !parent?.checkVisibility({ visibilityProperty: true })) continue;
      const style = getComputedStyle(parent);
      const isDrawing = parent instanceof SVGElement;
      const [one, other] = [luminance(channels(isDrawing ? style.fill : style.color)), luminance(backgroundOf(parent))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const sizePx = Number.parseFloat(style.fontSize);
      const isLarge = sizePx >= 24 || (sizePx >= 18.66 && Number(style.fontWeight) >= 700);
      found.push({ text, ratio, needed: isLarge ? 3 : 4.5 });
    }
    return found;
  });
}

/** Visible texts whose contrast is below 4.5, whatever their size. */
export async function paleTexts(page: Page): Promise<Contrast[]> {
  return (await contrasts(page)).filter(({ ratio }) => ratio < 4.5);
}
