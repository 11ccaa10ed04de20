import type { Chart } from "../page/chart.ts";
import { chartTable, element, within } from "./element.ts";
import { LINE_COLOURS, type Palette } from "./palette.ts";
import { plotData, plotHeight, plotOptions } from "./plot-options.ts";
import { shown, spoken } from "./shown.ts";
import { plotView, type View } from "./view.ts";

export function chartView(figure: HTMLElement, chart: Chart, palette: () => Palette): View {
  const values = legend(within(figure, ".legend"), chart, (line, isShown) =>
    view.plot.setSeries(line + 1, { show: isShown }),
  );
  const view = plotView(figure, {
    options: plotOptions(chart, palette),
    data: plotData(chart),
    height: plotHeight,
    moments: chart.xs,
    indexAt: ({ cursor }) => cursor.idx,
    show(index, _at, isPointedAt) {
      for (const [line, value] of values.entries())
        value.textContent = isPointedAt ? shown(chart.lines[line]?.values[index], chart.y.unit) : "";
      return spoken(chart, index);
    },
    table: () => chartTable(chart),
  });
  return view;
}

/** Names the lines, and hides a line when it is pressed. @returns where their values under the cursor are shown */
function legend(list: HTMLElement, chart: Chart, onSwitch: (line: number, isShown: boolean) => void): HTMLElement[] {
  return chart.lines.map(({ name, colour }, at) => {
    const value = element("span", { class: "legend-value" });
    const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = `var(--line-${((colour ?? at) % LINE_COLOURS) + 1})`;
    const button = element("button", { type: "button", "aria-pressed": "true" }, swatch, name, " ", value);
    button.addEventListener("click", () => {
      const isShown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isShown));
      onSwitch(at, isShown);
    });
    list.append(element("li", {}, button));
    return value;
  });
}
