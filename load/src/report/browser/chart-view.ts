import uPlot from "uplot";
import type { Chart } from "../chart.ts";
import { dataTable } from "./data-table.ts";
import { element, within } from "./element.ts";
import { spoken } from "./figures.ts";
import { Legend } from "./legend.ts";
import type { Palette } from "./palette.ts";
import { plotData, plotOptions, plotSize } from "./plot-options.ts";

/** Moments that PageUp and PageDown go over. */
const PAGE = 30;

/**
 * One chart of the page. The plot is a slider for keyboards and screen readers: its value is the moment under the cursor, told in
 * words.
 */
export class ChartView {
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
    this.#plot = new uPlot({ ...plotOptions(chart, palette), ...plotSize(this.#host) }, plotData(chart), this.#host);
    this.#plot.hooks.setCursor = [() => this.#onCursor()];
    this.#plot.root.setAttribute("aria-hidden", "true");
    this.#describe();
    this.#host.addEventListener("keydown", (event) => this.#onKey(event));
    this.#host.addEventListener("blur", () => this.#plot.setCursor({ left: -10, top: -10 }));
    this.#host.addEventListener("pointermove", (event) => this.#onTouch(event));
    new ResizeObserver(() => this.fit()).observe(this.#host);
    this.#tableOnDemand(within(figure, "details"));
  }

  fit(): void {
    if (this.#host.clientWidth === 0) return;
    const { width, height } = plotSize(this.#host);
    if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height });
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
    this.#host.setAttribute("aria-valuemin", "1");
    this.#host.setAttribute("aria-valuemax", String(Math.max(1, this.#chart.xs.length)));
    this.#host.setAttribute("aria-valuenow", String(this.#index + 1));
    this.#host.setAttribute("aria-valuetext", spoken(this.#chart, this.#index));
  }

  #onKey(event: KeyboardEvent): void {
    const target = this.#indexAfter(event.key);
    if (target === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#index = Math.min(Math.max(0, target), this.#chart.xs.length - 1);
    this.#plot.setCursor({ left: this.#plot.valToPos(this.#chart.xs[this.#index] ?? 0, "x"), top: 0 });
  }

  #indexAfter(key: string): number | undefined {
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: this.#index - 1,
      ArrowDown: this.#index - 1,
      ArrowRight: this.#index + 1,
      ArrowUp: this.#index + 1,
      PageDown: this.#index - PAGE,
      PageUp: this.#index + PAGE,
      Home: 0,
      End: this.#chart.xs.length - 1,
    };
    return steps[key];
  }

  /** uPlot listens to mice only; a finger that slides along the curve is one too. */
  #onTouch(event: PointerEvent): void {
    if (event.pointerType === "mouse") return;
    const { left, top } = this.#plot.over.getBoundingClientRect();
    this.#plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  }

  /** Thousands of rows are made when somebody wants to see them. */
  #tableOnDemand(details: HTMLElement): void {
    details.addEventListener("toggle", () => {
      const frame = within(details, ".table-frame");
      if (frame.childElementCount === 0) frame.append(dataTable(this.#chart));
    });
  }
}

/** What says why there are no charts, instead of an empty page. */
export function failure(error: unknown): HTMLElement {
  return element("p", { class: "notice" }, `The charts cannot be drawn: ${String(error)}`);
}
