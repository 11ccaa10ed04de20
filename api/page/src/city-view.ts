import { type ChartContent, TemperatureChart } from "./chart.ts";
import type { City, Reading } from "./city.ts";
import { cityHash, showLatinName, showName } from "./city-name.ts";
import { byId, element, setText } from "./element.ts";
import { isCurrent, nearest, rangeByDay, rangeOf } from "./figures.ts";
import type { Palette } from "./heat.ts";
import { degrees, nameInProse, type Speech } from "./language.ts";
import { layRangeBar } from "./range-bar.ts";
import { valuesTable } from "./values-table.ts";

export interface ViewContent extends Omit<ChartContent, "readings"> {
  readonly city: City;
  readonly previous: City | undefined;
  readonly next: City | undefined;
}

/** The view of one chosen city: large chart, days, and all values as a table. */
export class CityView {
  readonly heading = byId("view-name");
  readonly #root = byId("view");
  readonly #latin = byId("view-latin");
  readonly #degrees = byId("view-degrees");
  readonly #when = byId("view-when");
  readonly #span = byId("view-span");
  readonly #chartHost = byId("view-chart");
  readonly #days = byId("view-days");
  readonly #table = byId("view-table");
  readonly #details = byId("view-values");
  readonly #readingsPart = byId("view-readings");
  readonly #empty = byId("view-empty");
  readonly #leftOut = byId("view-left-out");
  readonly #previous = byId("view-previous");
  readonly #next = byId("view-next");
  readonly #palette: () => Palette;
  #chart: TemperatureChart | undefined;
  #content: ViewContent | undefined;

  constructor(palette: () => Palette) {
    this.#palette = palette;
    this.#details.addEventListener("toggle", () => this.#fillTable());
  }

  show(content: ViewContent): void {
    const { city, now, speech } = content;
    this.#content = content;
    this.#root.hidden = false;
    showName(this.heading, city.name, speech);
    showLatinName(this.#latin, city.name, speech);
    this.#showNeighbour(this.#previous, content.previous, speech.words.previousCity);
    this.#showNeighbour(this.#next, content.next, speech.words.nextCity);

    const range = rangeOf(city.readings);
    this.#readingsPart.hidden = range === undefined;
    this.#empty.hidden = range !== undefined;
    setText(this.#leftOut, city.leftOut === 0 ? "" : speech.words.leftOut(city.leftOut));
    if (range !== undefined) {
      const { moment } = speech.dates;
      const { lowest, highest } = range;
      setText(
        this.#span,
        speech.words.span(
          degrees(lowest.temperature),
          moment(lowest.time),
          degrees(highest.temperature),
          moment(highest.time),
        ),
      );
    }
    this.#chartHost.setAttribute("aria-label", `${speech.words.chartLabel}: ${nameInProse(city.name, speech)}`);
    const chartContent = { readings: city.readings, now, speech };
    // Before the part is visible its width isn't known, hence not in the constructor.
    if (this.#chart === undefined) {
      this.#chart = new TemperatureChart(this.#chartHost, chartContent, this.#palette, (reading) =>
        this.#tell(reading),
      );
    } else {
      this.#chart.show(chartContent);
    }
    this.#showDays(city, speech);
    this.#fillTable();
  }

  hide(): void {
    this.#root.hidden = true;
    this.#content = undefined;
    this.#chart?.destroy();
    this.#chart = undefined;
  }

  repaint(): void {
    this.#chart?.repaint();
  }

  #tell(reading: Reading | undefined): void {
    if (this.#content === undefined || reading === undefined) return;
    const { city, now, speech } = this.#content;
    const ofNow = reading === nearest(city.readings, now) && isCurrent(reading, now);
    const when = speech.dates.moment(reading.time);
    setText(this.#degrees, degrees(reading.temperature));
    const told = ofNow ? `${speech.words.now}, ${when}` : when;
    setText(this.#when, reading.summary === null ? told : `${told} · ${reading.summary}`);
  }

  #showNeighbour(link: HTMLElement, city: City | undefined, word: string): void {
    link.hidden = city === undefined;
    if (city === undefined || this.#content === undefined) return;
    const name = nameInProse(city.name, this.#content.speech);
    link.setAttribute("href", cityHash(city.key));
    link.setAttribute("aria-label", `${word}: ${name}`);
    setText(link.querySelector("span") ?? link, name);
  }

  #showDays(city: City, speech: Speech): void {
    const days = rangeByDay(city.readings);
    const bounds = rangeOf(city.readings);
    const { words, dates } = speech;
    this.#days.replaceChildren(
      ...days.map((day) => {
        const bar = element("span", { class: "range-bar" });
        layRangeBar(bar, day, bounds ?? day);
        return element(
          "li",
          {},
          element("span", { class: "day-name" }, `${dates.weekday(day.start)} ${dates.dayOfMonth(day.start)}`),
          element("span", { class: "unseen" }, ` ${words.lowest} `),
          element("span", { class: "range-figure" }, degrees(day.lowest.temperature)),
          element("span", { class: "range-track", "aria-hidden": "true" }, bar),
          element("span", { class: "unseen" }, ` ${words.highest} `),
          element("span", { class: "range-figure range-highest" }, degrees(day.highest.temperature)),
        );
      }),
    );
  }

  /** The table is made when it is opened: thousands of rows that nobody looks at would only weigh. */
  #fillTable(): void {
    if (this.#content === undefined || !this.#details.hasAttribute("open")) {
      this.#table.replaceChildren();
      return;
    }
    this.#table.replaceChildren(valuesTable(this.#content.city, this.#content.speech));
  }
}
