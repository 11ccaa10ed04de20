import uPlot from "uplot";
import type { Chart } from "../page/chart.ts";
import { chartTable } from "./data-table.ts";
import { within } from "./element.ts";
import { Legend } from "./legend.ts";
import type { Palette } from "./palette.ts";
import { plotData, plotHeight, plotOptions } from "./plot-options.ts";
import { spoken } from "./shown.ts";
import { describeSlider, indexAfter } from "./slider.ts";
import { attach, fitInto, tableOnDemand, type View, widthOf } from "./view.ts";

/**
 * Curves. The plot is a slider for keyboards and screen readers: its value is the moment under the cursor, described in words.
 */
export class ChartView implements View {
  readonly #chart: Chart;
  readonly #host: HTMLElement;
  readonly #legend: Legend;
  readonly #plot: uPlot;
  #index = 0;

  constructor(figure: HTMLElement, chart: Chart, palette: () => Palette) {
    this.#chart = chart;
    this.#host = within(figure, ".plot");
    this.#legend = new Legend(within(figure, ".legend"), chart, (line, isShown) =>
      this.#plot.setSeries(line + 1, { show: isShown }),
    );
    const size = { width: widthOf(this.#host), height: plotHeight(this.#host) };
    this.#plot = new uPlot({ ...plotOptions(chart, palette), ...size }, plotData(chart), this.#host);
    this.#plot.hooks.setCursor = [() => this.#onCursor()];
    this.#describe();
    this.#host.addEventListener("keydown", (event) => this.#onKey(event));
    attach(this.#plot, this.#host, this);
    tableOnDemand(figure, () => chartTable(chart));
  }

  fit(): void {
    fitInto(this.#plot, this.#host, plotHeight(this.#host));
  }

  repaint(): void {
    this.#plot.redraw(false, true);
  }

  #onCursor(): void {
    const { idx, left } = this.#plot.cursor;
    const isThere = idx !== null && idx !== undefined && (left ?? -1) >= 0;
    if (isThere) this.#index = idx;
    this.#legend.show(isThere ? idx : undefined);
    this.#describe();
  }

  #describe(): void {
    describeSlider(this.#host, this.#index, this.#chart.xs.length, spoken(this.#chart, this.#index));
  }

  #onKey(event: KeyboardEvent): void {
    const target = indexAfter(event, this.#index, this.#chart.xs.length);
    if (target === undefined) return;
    event.preventDefault();
    this.#index = target;
    this.#plot.setCursor({ left: this.#plot.valToPos(this.#chart.xs[target] ?? 0, "x"), top: 0 });
  }
}
