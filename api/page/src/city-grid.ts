import { type CardContext, CityCard } from "./city-card.ts";
import { type City, coming, nearest, rangeOf } from "./figures.ts";
import type { Palette } from "./heat.ts";
import { latinName } from "./latin-name.ts";

export type Order = "listed" | "warmest" | "coldest" | "name";

export interface GridContent extends Omit<CardContext, "bounds"> {
  readonly cities: readonly City[];
  readonly search: string;
  readonly order: Order;
}

const folded = (text: string): string => text.toLowerCase().replaceAll("ё", "е").trim();

function matches(city: City, search: string): boolean {
  const part = folded(search);
  return folded(city.name).includes(part) || folded(latinName(city.name)).includes(part);
}

function inOrder(cities: readonly City[], order: Order, now: number): readonly City[] {
  if (order === "listed") return cities;
  if (order === "name") {
    const collator = new Intl.Collator("ru");
    return cities.toSorted((a, b) => collator.compare(a.name, b.name));
  }
  const sign = order === "warmest" ? -1 : 1;
  // Cities without values come last in either direction.
  const rank = new Map(
    cities.map((city) => [city, sign * (nearest(city.readings, now)?.temperature ?? sign * Number.MAX_VALUE)]),
  );
  return cities.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
}

/** The list of cards. A card stays as long as its city is shown, so that focus and charts survive a refresh. */
export class CityGrid {
  #cards: ReadonlyMap<string, CityCard> = new Map();

  constructor(
    readonly list: HTMLElement,
    readonly palette: () => Palette,
  ) {}

  /** Returns how many cities are shown. */
  show({ cities, search, order, ...context }: GridContent): number {
    const { now } = context;
    const bounds = rangeOf(cities.flatMap(({ readings }) => coming(readings, now)));
    const found = inOrder(cities, order, now).filter((city) => matches(city, search));
    const cards = new Map(found.map(({ key }) => [key, this.#cards.get(key) ?? new CityCard(this.palette)]));
    for (const [key, card] of this.#cards) if (!cards.has(key)) card.chart.destroy();
    this.#cards = cards;
    this.#arrange(Array.from(cards.values(), ({ root }) => root));
    for (const city of found) cards.get(city.key)?.show(city, { ...context, bounds });
    return found.length;
  }

  linkOf(key: string): HTMLElement | undefined {
    return this.#cards.get(key)?.link;
  }

  repaint(): void {
    for (const { chart } of this.#cards.values()) chart.repaint();
  }

  /** Moves no element that is in its place: a moved element loses the focus. */
  #arrange(roots: readonly HTMLElement[]): void {
    const present = this.list.children;
    if (present.length === roots.length && roots.every((root, index) => present[index] === root)) return;
    const focused = document.activeElement;
    this.list.replaceChildren(...roots);
    if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
      focused.focus({ preventScroll: true });
    }
  }
}
