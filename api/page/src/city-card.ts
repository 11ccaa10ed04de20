import { type City, cityHash } from "./city.ts";
import { element, setText } from "./element.ts";
import { coming, isCurrent, nearest, type Range, rangeOf } from "./figures.ts";
import { layRangeBar } from "./heat.ts";
import { degrees, type Speech, showLatinName, showName } from "./language.ts";

export interface CardContext {
  /** Milliseconds. */
  readonly now: number;
  readonly speech: Speech;
  readonly chosen: string | undefined;
  /** The lowest and highest value of all cities. */
  readonly bounds: Range | undefined;
}

/** One city of the grid: its name as a link, the current temperature, a small chart, the range of the coming days. */
export class CityCard {
  readonly root = element("li", { class: "card" });
  readonly chartHost = element("div", { class: "card-chart", "aria-hidden": "true" });
  readonly link = element("a", {});
  readonly #latin = element("p", { class: "card-latin" });
  readonly #degrees = element("span", { class: "card-degrees" });
  readonly #when = element("span", { class: "card-when" });
  readonly #summary = element("span", { class: "card-summary" });
  readonly #range = element("p", { class: "card-range" });
  readonly #lowest = element("span", { class: "range-figure" });
  readonly #highest = element("span", { class: "range-figure range-highest" });
  readonly #lowestWord = element("span", { class: "unseen" });
  readonly #highestWord = element("span", { class: "unseen" });
  readonly #bar = element("span", { class: "range-bar" });

  constructor() {
    const name = element("h3", {}, this.link);
    const when = element("span", { class: "card-told" }, this.#when, this.#summary);
    const track = element("span", { class: "range-track", "aria-hidden": "true" }, this.#bar);
    this.#range.append(this.#lowestWord, this.#lowest, track, this.#highestWord, this.#highest);
    const figures = element("p", { class: "card-now" }, this.#degrees, when);
    this.root.append(element("div", { class: "card-head" }, name, this.#latin), figures, this.chartHost, this.#range);
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
    this.chartHost.hidden = current === undefined;
    if (current === undefined || range === undefined) {
      setText(this.#degrees, "");
      setText(this.#when, speech.words.noReadings);
      setText(this.#summary, "");
      return;
    }
    setText(this.#degrees, degrees(current.temperature));
    setText(this.#when, isCurrent(current, now) ? speech.words.now : speech.dates.moment(current.time));
    setText(this.#summary, current.summary ?? "");
    setText(this.#lowestWord, ` ${speech.words.lowest} `);
    setText(this.#lowest, degrees(range.lowest.temperature));
    setText(this.#highestWord, ` ${speech.words.highest} `);
    setText(this.#highest, degrees(range.highest.temperature));
    layRangeBar(this.#bar, range, bounds ?? range);
  }
}
