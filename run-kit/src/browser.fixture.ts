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

const PAGE_TIMEOUT_MS = 15_000;

/** CHROMIUM_PATH, or else where distributions put it. */
const executablePath = (process.env.CHROMIUM_PATH ? [process.env.CHROMIUM_PATH] : USUAL_PLACES).find((path) =>
  existsSync(path),
);

/** Whether tests in a browser can run here. */
export const hasChromium = hasProgram("chromium", executablePath !== undefined);

export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("install Chromium, or name it in CHROMIUM_PATH");
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}

/** Closes the browser, and throws when one of its processes is still there seconds later. */
export async function closeWithAllProcesses(browser: Browser): Promise<void> {
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

export interface Visit {
  readonly page: Page;
  /** Complaints of the browser that match do not fail the visit. */
  tolerate(complaint: RegExp): void;
  /** Status and URL of each answer, in order. */
  readonly answers: readonly { readonly status: number; readonly url: string }[];
}

/**
 * Opens a URL in a new browser profile, runs `look`, and closes the page. Fails on errors and warnings in the console,
 * violations of the content security policy, and requests that are not allowed: by default those to other servers.
 */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  look: (visit: Visit) => Promise<void>,
  isAllowed = (target: string): boolean => target.startsWith(`${new URL(url).origin}/`) || /^(data|blob):/.test(target),
): Promise<void> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PAGE_TIMEOUT_MS);
    const complaints: string[] = [];
    const tolerated: RegExp[] = [];
    const answers: { status: number; url: string }[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!isAllowed(request.url())) complaints.push(`request to ${request.url()}`);
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

/** Opens a file as `visit` does. The only request that is allowed is the one for the file itself. */
export function openFile(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  return visit(
    browser,
    url,
    options,
    ({ page }) => look(page),
    (target) => target === url || target === "data:,",
  );
}

/** Opens a page as a file of its own, as a person who got it by mail would, lets `look` look at it as `openFile` does, and closes it. */
export async function lookAt(
  browser: Browser,
  content: string,
  look: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "report-page-"));
  try {
    const file = join(folder, "page.html");
    await writeFile(file, content);
    await openFile(browser, pathToFileURL(file).href, options, look);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Numbers of pixels of each canvas that are not transparent. */
export function paintedPixels(page: Page, canvases = "canvas"): Promise<number[]> {
  return page.$$eval<number[], HTMLCanvasElement>(canvases, (found) =>
    found.map((canvas) => {
      // A copy: Chromium warns of reading from a canvas that is meant for drawing.
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      copy?.drawImage(canvas, 0, 0);
      const { data } = copy?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      let painted = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) painted += 1;
      return painted;
    }),
  );
}

/** The commonest opaque colour of the first canvas, which is that of its grid. */
export function commonestColour(page: Page): Promise<string> {
  return page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    if (canvas === null) return "";
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy?.drawImage(canvas, 0, 0);
    const { data } = copy?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    const counts = new Map<string, number>();
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue;
      const colour = `${data[at]} ${data[at + 1]} ${data[at + 2]}`;
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? "";
  });
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
    const channels = (colour: string): [number, number, number, number] => {
      probe.clearRect(0, 0, 1, 1);
      probe.fillStyle = colour;
      probe.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = probe.getImageData(0, 0, 1, 1).data;
      return [red, green, blue, alpha];
    };
    const luminance = ([red, green, blue]: readonly [number, number, number, number]): number => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((channel) => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const backgroundOf = (start: Element): [number, number, number, number] => {
      for (let at: Element | null = start; at !== null; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255, 255];
    };
    const found: { text: string; ratio: number; needed: number }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? "";
      const parent = node.parentElement;
      if (text === "" || parent === null || !parent.checkVisibility({ visibilityProperty: true })) continue;
      const style = getComputedStyle(parent);
      const isDrawing = parent instanceof SVGElement;
      const [one, other] = [luminance(channels(isDrawing ? style.fill : style.color)), luminance(backgroundOf(parent))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      found.push({ text, ratio, needed: large ? 3 : 4.5 });
    }
    return found;
  });
}

/** Visible texts whose contrast is below 4.5, whatever their size (WCAG 2.2, success criterion 1.4.3). */
export async function paleTexts(page: Page): Promise<string[]> {
  const pale = (await contrasts(page)).filter(({ ratio }) => ratio < 4.5);
  return pale.map(({ text, ratio }) => `${text}: ${ratio.toFixed(2)}`);
}

/** How many different colours each canvas has: one, and it is blank. */
export function coloursIn(page: Page): Promise<number[]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll("canvas"), (canvas) => {
      // A copy: Chromium warns of reading from a canvas that is meant for drawing.
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      copy?.drawImage(canvas, 0, 0);
      const data = copy?.getImageData(0, 0, canvas.width, canvas.height).data;
      return data === undefined ? 0 : new Set(new Uint32Array(data.buffer)).size;
    }),
  );
}

/** What sticks out to the right of the window, by tag and class. Frames that scroll by themselves keep what is in them. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const inFrame = (element: Element): boolean => element.parentElement?.closest(".table-frame") !== null;
    const wide = Array.from(document.querySelectorAll("body *"))
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !inFrame(element))
      .map((element) => `${element.tagName} ${element.className}`);
    return document.documentElement.scrollWidth > width
      ? [`page of ${document.documentElement.scrollWidth} px`, ...wide]
      : wide;
  });
}

const INTERACTIVE = new Set(["button", "link", "searchbox", "textbox", "combobox", "slider", "DisclosureTriangle"]);

/** Names of the interactive elements as a screen reader gets them; empty if there is none. */
export async function namesOfControls(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  return nodes
    .filter(({ ignored, role }) => !ignored && INTERACTIVE.has(String(role?.value)))
    .map(({ name }) => String(name?.value ?? "").trim());
}

/** Levels of the visible headings in order. */
export function headingLevels(page: Page): Promise<number[]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll<HTMLElement>("h1, h2, h3, h4, h5, h6"))
      .filter((heading) => heading.checkVisibility())
      .map((heading) => Number(heading.tagName.slice(1))),
  );
}
