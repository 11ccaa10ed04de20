import type { Page } from "playwright-core";

const INTERACTIVE = new Set(["button", "link", "searchbox", "textbox", "combobox", "slider", "DisclosureTriangle"]);

/** The roles of interactive elements that a screen reader would have no name for, and how many have one. */
export async function interactiveNames(page: Page): Promise<{ readonly named: number; readonly nameless: string[] }> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const interactive = nodes.filter(({ ignored, role }) => !ignored && INTERACTIVE.has(String(role?.value)));
  const nameless = interactive.filter(({ name }) => String(name?.value ?? "").trim() === "");
  return {
    named: interactive.length - nameless.length,
    nameless: nameless.map(({ role, nodeId }) => `${role?.value} ${nodeId}`),
  };
}

/** Levels of the visible headings in order. */
export function headingLevels(page: Page): Promise<number[]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll<HTMLElement>("h1, h2, h3, h4, h5, h6"))
      .filter((heading) => heading.checkVisibility())
      .map((heading) => Number(heading.tagName.slice(1))),
  );
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
