import type { Chart, Timeline } from "../page/chart.ts";
import { place, shown } from "./shown.ts";

/** Makes an element; text becomes text nodes, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @throws {Error} when the page has no such element: page and script don't belong together then. */
export function within(parent: ParentNode, selector: string): HTMLElement {
  const found = parent.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`The page has no ${selector}`);
  return found;
}

/** Every value of a chart, for those who cannot see it, and to copy. */
export function chartTable({ title, x, xs, y, lines }: Chart): HTMLTableElement {
  const head = [x.label, ...lines.map(({ name }) => name)];
  const rows = xs.map((at, index) => [
    at.toLocaleString("en"),
    ...lines.map(({ values }) => shown(values[index], y.unit)),
  ]);
  return table(title, "numbers", head, rows);
}

export function timelineTable(timeline: Timeline): HTMLTableElement {
  const rows = timeline.lanes.flatMap(({ name: lane, spans }) =>
    spans.map(({ from, to, name }) => [
      lane,
      name,
      place(timeline, from),
      place(timeline, to),
      place(timeline, Number((to - from).toFixed(2))),
    ]),
  );
  return table(timeline.title, "words", ["Lane", "What", "From", "To", "Lasted"], rows);
}

function table(
  caption: string,
  kind: "numbers" | "words",
  head: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLTableElement {
  return element(
    "table",
    { class: kind },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows.map(row)),
  );
}

function row([first = "", ...others]: readonly string[]): HTMLTableRowElement {
  return element("tr", {}, element("th", { scope: "row" }, first), ...others.map((cell) => element("td", {}, cell)));
}
