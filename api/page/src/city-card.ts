import { element, setText } from "./element.ts";
import { type City, cityHash, coming, isCurrent, nearest, type Range, rangeOf } from "./figures.ts";
import { type Palette, rangeParts } from "./heat.ts";
import { degrees, type Speech, showLatinName, showName } from "./language.ts";
import { Sparkline } from "./sparkline.ts";

export interface CardContext {
  /** Milliseconds. */
  readonly now: number;
  readonly speech: Speech;
  readonly chosen: string | undefined;
  /** The lowest and highest value of all cities. */
  readonly bounds: Range | undefined;
}

/** How far outside the window a card has its chart. */
const NEAR = "300px 0px";

/** One city of the grid: its name as a link, the current temperature, a small chart, the range of the coming days. */
export class CityCard {
  readonly link = element("a");
  readonly chart: Sparkline;
  readonly #latin = element("p", { class: "card-latin" });
  readonly #degrees = element("span", { class: "card-degrees" });
  readonly #when = element("span", { class: "card-when" });
  readonly #summary = element("span", { class: "card-summary" });
  readonly #range = element("p", { class: "card-range" });
  readonly root: HTMLElement;
  readonly #onScreen: IntersectionObserver;
  #isNear = false;

  /** @param onNear is called when the card comes near the window */
  constructor(palette: () => Palette, onNear: () => void) {
    this.chart = new Sparkline(palette);
    const head = element("div", { class: "card-head" }, element("h3", {}, this.link), this.#latin);
    const when = element("span", { class: "card-told" }, this.#when, this.#summary);
    const now = element("p", { class: "card-now" }, this.#degrees, when);
    this.root = element("li", { class: "card" }, head, now, this.chart.host, this.#range);
    const onMoved: IntersectionObserverCallback = (entries) => {
      this.#isNear = entries.at(-1)?.isIntersecting ?? false;
      this.chart.comesNear(this.#isNear);
      if (this.#isNear) onNear();
    };
    this.#onScreen = new IntersectionObserver(onMoved, { rootMargin: NEAR });
    this.#onScreen.observe(this.root);
  }

  get isNear(): boolean {
    return this.#isNear;
  }

  destroy(): void {
    this.#onScreen.disconnect();
    this.chart.destroy();
  }

  show(city: City, { now, speech, chosen, bounds }: CardContext): void {
    showName(this.link, city.name, speech);
    showLatinName(this.#latin, city.name, speech);
    this.link.setAttribute("href", cityHash(city.key));
    if (chosen === city.key) this.link.setAttribute("aria-current", "true");
    else this.link.removeAttribute("aria-current");

    const current = nearest(city.readings, now);
    const range = rangeOf(coming(city.readings, now));
    this.root.classList.toggle("card-empty", current === undefined);
    this.#range.hidden = range === undefined;
    this.chart.host.hidden = current === undefined;
    this.chart.show(city.readings);
    const { words, dates } = speech;
    if (current === undefined || range === undefined) {
      setText(this.#degrees, "");
      setText(this.#when, city.isPartial ? "…" : words.noReadings);
      setText(this.#summary, "");
      return;
    }
    setText(this.#degrees, degrees(current.temperature));
    setText(this.#when, isCurrent(current, now) ? words.now : dates.moment(current.time));
    setText(this.#summary, current.summary === null ? "" : words.summary(current.summary));
    this.#range.replaceChildren(...rangeParts(range, bounds ?? range, speech));
  }
}
