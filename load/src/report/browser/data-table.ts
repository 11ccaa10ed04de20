import type { Chart } from "../chart.ts";
import { element } from "./element.ts";
import { shown } from "./figures.ts";

/** Every value of a chart, for those who cannot see it, and to copy. */
export function dataTable(chart: Chart): HTMLTableElement {
  const head = [chart.x.label, ...chart.lines.map(({ name }) => name)];
  const rows = chart.xs.map((x, at) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, x.toLocaleString("en")),
      ...chart.lines.map(({ values }) => element("td", {}, shown(values[at], chart.y.unit))),
    ),
  );
  return element(
    "table",
    {},
    element("caption", {}, chart.title),
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows),
  );
}
