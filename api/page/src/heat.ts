import { element } from "./element.ts";
import type { Range } from "./figures.ts";
import { degrees, type Speech } from "./language.ts";

/** The colours of temperatures, from blue over grey to amber and brick: variables of the style sheet. */

const STOPS = [
  { at: -15, name: "--cold" },
  { at: 0, name: "--mild" },
  { at: 15, name: "--warm" },
  { at: 30, name: "--hot" },
] as const;

/** A CSS colour for a temperature in degrees Celsius. It follows the theme, because it is made of CSS variables. */
export function heatColour(temperature: number): string {
  let below: (typeof STOPS)[number] = STOPS[0];
  for (const stop of STOPS) {
    if (temperature < stop.at) {
      const share = Math.round(((temperature - below.at) / (stop.at - below.at || 1)) * 100);
      return `color-mix(in oklab, var(${stop.name}) ${Math.max(0, share)}%, var(${below.name}))`;
    }
    below = stop;
  }
  return `var(${below.name})`;
}

export type Palette = ReturnType<typeof readPalette>;

/** The colours that a canvas needs, in the current theme. */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const [ink, muted, line] = [colour("--ink"), colour("--muted"), colour("--line")];
  const heat = STOPS.map(({ at, name }) => ({ at, colour: colour(name) }));
  return { ink, muted, line, gold: colour("--gold"), paper: colour("--card"), heat };
}

/** The lowest and the highest value in figures, and between them a bar within the bounds that all bars share. */
export function rangeParts({ lowest, highest }: Range, bounds: Range, { words }: Speech): Element[] {
  const from = bounds.lowest.temperature;
  const width = bounds.highest.temperature - from;
  const [low, high] = [lowest.temperature, highest.temperature];
  const left = width === 0 ? 0 : ((low - from) / width) * 100;
  const right = width === 0 ? 100 : ((high - from) / width) * 100;
  const bar = element("span", { class: "range-bar" });
  bar.style.left = `${Math.min(left, 97)}%`;
  bar.style.width = `${Math.max(3, right - left)}%`;
  bar.style.background = `linear-gradient(90deg, ${heatColour(low)}, ${heatColour(high)})`;
  return [
    element("span", { class: "unseen" }, ` ${words.lowest} `),
    element("span", { class: "range-figure" }, degrees(low)),
    element("span", { class: "range-track", "aria-hidden": "true" }, bar),
    element("span", { class: "unseen" }, ` ${words.highest} `),
    element("span", { class: "range-figure range-highest" }, degrees(high)),
  ];
}
