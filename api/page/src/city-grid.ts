import { type CardContext, CityCard } from "./city-card.ts";
import { type City, coming, nearest, type Range, rangeOf } from "./figures.ts";
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

/** The list begins with so many cards, enough for most windows. */
const FIRST_LENGTH = 12;
/** So many cards are added at a time. */
const STEP = 24;
/** How far below the window the list goes on. */
const AHEAD = "0px 0px 600px";

/**
 * The list of cards, which grows as one scrolls. A card stays as long as its city is shown, so that focus and charts survive
 * a refresh.
 */
export class CityGrid {
  #cards: ReadonlyMap<string, CityCard> = new Map();
  #content: GridContent | undefined;
  #found: readonly City[] = [];
  #bounds: Range | undefined;
  #length = FIRST_LENGTH;
  readonly #end: IntersectionObserver;

  /**
   * @param more asks for more cards; it stands at the end of the list
   * @param onNear gets the key of a city whose card comes near the window
   */
  constructor(
    readonly list: HTMLElement,
    readonly more: HTMLElement,
    readonly palette: () => Palette,
    readonly onNear: (key: string) => void,
  ) {
    this.#end = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && this.#grow(), {
      rootMargin: AHEAD,
    });
    this.#end.observe(more);
    more.addEventListener("click", () => this.#grow());
  }

  /** Returns how many cities were found. */
  show(content: GridContent): number {
    const { cities, search, order, now } = content;
    if (search !== this.#content?.search || order !== this.#content.order) this.#length = FIRST_LENGTH;
    this.#content = content;
    this.#bounds = rangeOf(cities.flatMap(({ readings }) => coming(readings, now)));
    this.#found = inOrder(cities, order, now).filter((city) => matches(city, search));
    this.#showCards(0);
    return this.#found.length;
  }

  #grow(): void {
    const shown = this.#length;
    this.#length += STEP;
    this.#showCards(shown);
    // Tells again where the end of the list is, which may still be near the window.
    this.#end.unobserve(this.more);
    this.#end.observe(this.more);
  }

  /** @param from the cards before this one show their cities already */
  #showCards(from: number): void {
    if (this.#content === undefined) return;
    const shown = this.#found.slice(0, this.#length);
    const cards = new Map(shown.map(({ key }) => [key, this.#cards.get(key) ?? this.#newCard(key)]));
    for (const [key, card] of this.#cards) if (!cards.has(key)) card.destroy();
    this.#cards = cards;
    this.#arrange(Array.from(cards.values(), ({ root }) => root));
    const context = { ...this.#content, bounds: this.#bounds };
    for (const city of shown.slice(from)) cards.get(city.key)?.show(city, context);
    this.more.hidden = shown.length === this.#found.length;
  }

  /** The keys of the cities whose cards are near the window. */
  near(): string[] {
    return [...this.#cards].flatMap(([key, { isNear }]) => (isNear ? [key] : []));
  }

  linkOf(key: string): HTMLElement | undefined {
    return this.#cards.get(key)?.link;
  }

  repaint(): void {
    for (const { chart } of this.#cards.values()) chart.repaint();
  }

  #newCard(key: string): CityCard {
    return new CityCard(this.palette, () => this.onNear(key));
  }

  /** A list that is as before or has only grown moves no element: a moved one loses the focus. */
  #arrange(roots: readonly HTMLElement[]): void {
    const present = this.list.children;
    const focused = document.activeElement;
    if (Array.from(present).every((root, index) => root === roots[index]))
      this.list.append(...roots.slice(present.length));
    else this.list.replaceChildren(...roots);
    if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
      focused.focus({ preventScroll: true });
    }
  }
}
