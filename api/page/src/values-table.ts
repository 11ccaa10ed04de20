import { startOfDay } from "./calendar.ts";
import type { City, Reading } from "./city.ts";
import { element } from "./element.ts";
import { exactDegrees, nameInProse, type Speech } from "./language.ts";

/** All readings of a city as a table, a group of rows per day: the chart for those who can't see it. */
export function valuesTable(city: City, speech: Speech): HTMLTableElement {
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
