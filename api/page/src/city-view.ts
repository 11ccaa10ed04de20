import { startOfDay } from "./calendar.ts";
import { type ChartContent, TemperatureChart } from "./chart.ts";
import { byId, element, setText } from "./element.ts";
import { type City, cityHash, isCurrent, nearest, type Reading, rangeByDay, rangeOf } from "./figures.ts";
import { type Palette, rangeParts } from "./heat.ts";
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
  readonly #chartHost = byId("view-chart");
  readonly #details = byId("view-values");
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
    showLatinName(byId("view-latin"), city.name, speech);
    this.#showNeighbour(byId("view-previous"), content.previous, speech.words.previousCity);
    this.#showNeighbour(byId("view-next"), content.next, speech.words.nextCity);

    const range = rangeOf(city.readings);
    byId("view-readings").hidden = range === undefined;
    byId("view-empty").hidden = range !== undefined;
    setText(byId("view-left-out"), city.leftOut === 0 ? "" : speech.words.leftOut(city.leftOut));
    if (range !== undefined) {
      const { moment } = speech.dates;
      const { lowest, highest } = range;
      const [low, high] = [degrees(lowest.temperature), degrees(highest.temperature)];
      setText(byId("view-span"), speech.words.span(low, moment(lowest.time), high, moment(highest.time)));
    }
    this.#chartHost.setAttribute("aria-label", `${speech.words.chartLabel}: ${nameInProse(city.name, speech)}`);
    const chartContent = { readings: city.readings, now, speech };
    // Not in the constructor: the part has no width before it is visible.
    const onReading = (shown: Reading | undefined): void => this.#showReading(shown);
    if (this.#chart) this.#chart.show(chartContent);
    else this.#chart = new TemperatureChart(this.#chartHost, chartContent, this.palette, onReading);
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
    setText(byId("view-degrees"), degrees(reading.temperature));
    const time = ofNow ? `${speech.words.now}, ${when}` : when;
    setText(byId("view-when"), reading.summary === null ? time : `${time} · ${speech.words.summary(reading.summary)}`);
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
    const bounds = rangeOf(city.readings);
    const { weekday, dayOfMonth } = speech.dates;
    byId("view-days").replaceChildren(
      ...rangeByDay(city.readings).map((day) => {
        const name = element("span", { class: "day-name" }, `${weekday(day.start)} ${dayOfMonth(day.start)}`);
        return element("li", {}, name, ...rangeParts(day, bounds ?? day, speech));
      }),
    );
  }

  /** The table is built when it is opened: it may have thousands of rows. */
  #fillTable(): void {
    const content = this.#details.hasAttribute("open") ? this.#content : undefined;
    byId("view-table").replaceChildren(...(content ? [valuesTable(content.city, content.speech)] : []));
  }
}

/** All readings of a city as a table, with a group of rows per day: for readers who cannot see the chart. */
function valuesTable({ name, readings }: City, speech: Speech): HTMLTableElement {
  const { words, dates } = speech;
  const titles = [words.tableTime, words.tableTemperature, words.tableSummary];
  const days = Map.groupBy(readings, ({ time }) => startOfDay(time));
  return element(
    "table",
    {},
    element("caption", {}, `${words.chartLabel}: ${nameInProse(name, speech)}`),
    element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)))),
    ...Array.from(days, ([start, ofDay]) => {
      const day = element("th", { scope: "rowgroup", colspan: 3 }, dates.day(start));
      const title = element("tr", { class: "table-day" }, day);
      return element("tbody", {}, title, ...ofDay.map((reading) => rowOf(reading, speech)));
    }),
  );
}

function rowOf({ time, temperature, summary }: Reading, { words, dates }: Speech): HTMLTableRowElement {
  const cells = [exactDegrees(temperature), summary === null ? "–" : words.summary(summary)].map((text) =>
    element("td", {}, text),
  );
  return element("tr", {}, element("th", { scope: "row" }, dates.time(time)), ...cells);
}
