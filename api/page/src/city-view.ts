import { startOfDay } from "./calendar.ts";
import { type ChartContent, TemperatureChart } from "./chart.ts";
import { type City, cityHash, type Reading } from "./city.ts";
import { byId, element, setText } from "./element.ts";
import { isCurrent, nearest, rangeByDay, rangeOf } from "./figures.ts";
import { layRangeBar, type Palette } from "./heat.ts";
import { degrees, exactDegrees, nameInProse, type Speech, showLatinName, showName } from "./language.ts";

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
  #chart: TemperatureChart | undefined;
  #content: ViewContent | undefined;

  constructor(readonly palette: () => Palette) {
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
      const [low, high] = [degrees(lowest.temperature), degrees(highest.temperature)];
      setText(this.#span, speech.words.span(low, moment(lowest.time), high, moment(highest.time)));
    }
    this.#chartHost.setAttribute("aria-label", `${speech.words.chartLabel}: ${nameInProse(city.name, speech)}`);
    const chartContent = { readings: city.readings, now, speech };
    // Not in the constructor: the part has no width before it is visible.
    if (this.#chart) this.#chart.show(chartContent);
    else
      this.#chart = new TemperatureChart(this.#chartHost, chartContent, this.palette, (shown) =>
        this.#showReading(shown),
      );
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

  #showReading(reading: Reading | undefined): void {
    if (this.#content === undefined || reading === undefined) return;
    const { city, now, speech } = this.#content;
    const ofNow = reading === nearest(city.readings, now) && isCurrent(reading, now);
    const when = speech.dates.moment(reading.time);
    setText(this.#degrees, degrees(reading.temperature));
    const time = ofNow ? `${speech.words.now}, ${when}` : when;
    setText(this.#when, reading.summary === null ? time : `${time} · ${reading.summary}`);
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

  /** The table is built when it is opened: it may have thousands of rows. */
  #fillTable(): void {
    if (this.#content === undefined || !this.#details.hasAttribute("open")) {
      this.#table.replaceChildren();
      return;
    }
    this.#table.replaceChildren(valuesTable(this.#content.city, this.#content.speech));
  }
}

/** All readings of a city as a table, with a group of rows per day: for readers who cannot see the chart. */
function valuesTable(city: City, speech: Speech): HTMLTableElement {
  const { words, dates } = speech;
  const caption = `${words.chartLabel}: ${nameInProse(city.name, speech)}`;
  const titles = [words.tableTime, words.tableTemperature, words.tableSummary];
  const head = element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)));
  const table = element("table", {}, element("caption", {}, caption), element("thead", {}, head));

  let group: HTMLTableSectionElement | undefined;
  let day: number | undefined;
  for (const reading of city.readings) {
    const start = startOfDay(reading.time);
    if (group === undefined || start !== day) {
      day = start;
      const title = element("th", { scope: "rowgroup", colspan: "3" }, dates.day(start));
      group = element("tbody", {}, element("tr", { class: "table-day" }, title));
      table.append(group);
    }
    group.append(rowOf(reading, speech));
  }
  return table;
}

function rowOf(reading: Reading, speech: Speech): HTMLTableRowElement {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, speech.dates.time(reading.time)),
    element("td", {}, exactDegrees(reading.temperature)),
    element("td", {}, reading.summary ?? "–"),
  );
}
