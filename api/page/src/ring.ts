import { svgElement } from "./element.ts";
import { type City, coming, currentOf, rangeOf } from "./figures.ts";
import { heatColour } from "./heat.ts";
import { degrees, nameInProse, type Speech } from "./language.ts";

/** With more cities, names and figures have no room around the ring. */
const MAX_LABELS = 14;
/** In units of the drawing. */
const RING_RADIUS = 138;
const INNER_RADIUS = 62;
const OUTER_RADIUS = 122;
const LABEL_RADIUS = RING_RADIUS + 22;
const MAX_LINE_LETTERS = 12;

/** With more cities each spoke stands for several neighbours: thousands of them would be one grey disc. */
const MAX_SPOKES = 60;

type Spoke = NonNullable<ReturnType<typeof spokeOf>>;

/** @returns its `now`: undefined without a value of right now */
function spokeOf(cities: readonly City[], now: number, speech: Speech) {
  const range = rangeOf(cities.flatMap(({ readings }) => coming(readings, now)));
  if (range === undefined) return undefined;
  const [low, high] = [range.lowest.temperature, range.highest.temperature];
  return { name: nameInProse(cities[0]?.name ?? "", speech), low, high, now: meanNow(cities, now) };
}

/** Of the cities that have a value of right now, as the headline counts them. */
function meanNow(cities: readonly City[], now: number): number | undefined {
  const current = cities.flatMap((city) => currentOf(city, now)?.temperature ?? []);
  return current.length === 0 ? undefined : current.reduce((sum, temperature) => sum + temperature, 0) / current.length;
}

/** The cities in order, in as many groups as there are spokes. */
function groupsOf(cities: readonly City[]): (readonly City[])[] {
  const count = Math.min(cities.length, MAX_SPOKES);
  const start = (index: number) => Math.floor((index * cities.length) / count);
  return Array.from({ length: count }, (_, index) => cities.slice(start(index), start(index + 1)));
}

/**
 * The golden ring with the cities on it in the API's order: a spoke from the lowest to the highest coming temperature, a
 * point at the current one. An ornament made of real figures; the cards show the same in words.
 */
export function drawRing(svg: Element, cities: readonly City[], now: number, speech: Speech): void {
  const spokes = groupsOf(cities).map((group) => spokeOf(group, now, speech));
  const known = spokes.filter((spoke) => spoke !== undefined);
  const low = Math.min(...known.map((spoke) => spoke.low));
  const high = Math.max(...known.map((spoke) => spoke.high));
  const radius = (temperature: number): number =>
    high === low
      ? (INNER_RADIUS + OUTER_RADIUS) / 2
      : INNER_RADIUS + ((temperature - low) / (high - low)) * (OUTER_RADIUS - INNER_RADIUS);

  const parts: Element[] = [svgElement("circle", { class: "ring-gold", r: RING_RADIUS })];
  for (const [index, spoke] of spokes.entries()) {
    const angle = (index / spokes.length) * 2 * Math.PI - Math.PI / 2;
    parts.push(...spokeParts(spoke, angle, radius, spokes.length));
  }
  const mean = meanNow(cities, now);
  if (mean !== undefined) {
    const [figure = "", ...rest] = speech.words.ringMean(degrees(mean)).split(" ");
    parts.push(svgElement("text", { class: "ring-mean", y: 6 }, figure));
    parts.push(svgElement("text", { class: "ring-mean-note", y: 26 }, rest.join(" ")));
  }
  svg.replaceChildren(...parts);
}

function spokeParts(
  spoke: Spoke | undefined,
  angle: number,
  radius: (temperature: number) => number,
  count: number,
): Element[] {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const circle = (name: string, distance: number, r: number) =>
    svgElement("circle", { class: name, cx: cos * distance, cy: sin * distance, r });
  const bead = circle("ring-bead", RING_RADIUS, count > 24 ? 3 : 6);
  if (spoke === undefined) return [bead];

  const [low, high] = [radius(spoke.low) - 1, radius(spoke.high) + 1];
  const ends = { x1: cos * low, y1: sin * low, x2: cos * high, y2: sin * high };
  const range = svgElement("line", { class: "ring-range", ...ends, "stroke-width": count > 24 ? 3 : 6 });
  range.style.stroke = heatColour((spoke.low + spoke.high) / 2);
  const now = spoke.now === undefined ? [] : [circle("ring-now", radius(spoke.now), count > 24 ? 2.5 : 4.5)];
  return [bead, range, ...now, ...(count > MAX_LABELS ? [] : [labelOf(spoke, cos, sin)])];
}

/** The city's name in one line or two, and its temperature below, beside the bead. */
function labelOf(spoke: Spoke, cos: number, sin: number): Element {
  const x = cos * LABEL_RADIUS;
  const lines = inLines(spoke.name);
  const anchor = Math.abs(cos) < 0.3 ? "middle" : cos > 0 ? "start" : "end";
  // Above the ring the last line is at the label's place, below it the first one, beside it the middle.
  const highest = -1.2 * lines.length - 0.1;
  const lowest = 0.9;
  const lift = (highest + lowest) / 2 + (sin * (lowest - highest)) / 2;
  const text = svgElement("text", { class: "ring-label", x, y: sin * LABEL_RADIUS, "text-anchor": anchor });
  for (const [index, line] of lines.entries()) {
    text.append(svgElement("tspan", { x, dy: index === 0 ? `${lift}em` : "1.2em" }, line));
  }
  if (spoke.now !== undefined) {
    text.append(svgElement("tspan", { class: "ring-figure", x, dy: "1.25em" }, degrees(spoke.now)));
  }
  return text;
}

function inLines(name: string): string[] {
  const whole = name.trim();
  const cut = whole.slice(0, MAX_LINE_LETTERS * 2).search(/(?<=[-\s])\S+$/u);
  const lines = whole.length <= MAX_LINE_LETTERS || cut <= 0 ? [whole] : [whole.slice(0, cut).trim(), whole.slice(cut)];
  return lines.map((line) => (line.length > MAX_LINE_LETTERS ? `${line.slice(0, MAX_LINE_LETTERS - 1)}…` : line));
}
