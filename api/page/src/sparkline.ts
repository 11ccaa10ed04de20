import uPlot from "uplot";
import { curveOptions, drawFreezingPoint, drawPoint, plotData } from "./curve.ts";
import { element } from "./element.ts";
import { nearest, type Reading } from "./figures.ts";
import type { Palette } from "./heat.ts";

const HEIGHT_PX = 60;
/** How far outside the window a small chart is kept. */
const MARGIN = "300px 0px";

/** The small chart of a card. It exists only near the window: hundreds of canvases would fill the memory of a phone. */
export class Sparkline {
  readonly host = element("div", { class: "card-chart", "aria-hidden": "true" });
  readonly #onScreen: IntersectionObserver;
  readonly #sizes = new ResizeObserver(() => this.#fit());
  #isNear = false;
  #readings: readonly Reading[] = [];
  #plot: uPlot | undefined;

  constructor(readonly palette: () => Palette) {
    this.#onScreen = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: MARGIN });
    this.#onScreen.observe(this.host);
    this.#sizes.observe(this.host);
  }

  show(readings: readonly Reading[]): void {
    const known = readings === this.#readings;
    this.#readings = readings;
    if (readings.length === 0 || !this.#isNear) this.#erase();
    else if (this.#plot === undefined) this.#plot = this.#draw();
    // Only the point of now may have moved.
    else if (known) this.#plot.redraw(false);
    else this.#plot.setData(plotData(readings));
  }

  repaint(): void {
    this.#plot?.redraw(false);
  }

  destroy(): void {
    this.#onScreen.disconnect();
    this.#sizes.disconnect();
    this.#erase();
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    this.#isNear = entries.at(-1)?.isIntersecting ?? false;
    this.show(this.#readings);
  }

  #fit(): void {
    const width = Math.floor(this.host.clientWidth);
    if (this.#plot !== undefined && width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: HEIGHT_PX });
    }
  }

  #erase(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #draw(): uPlot {
    const options: uPlot.Options = {
      ...curveOptions(this.palette, 2),
      width: Math.max(40, Math.floor(this.host.clientWidth)),
      height: HEIGHT_PX,
      padding: [6, 6, 6, 6],
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      hooks: {
        drawClear: [(plot) => drawFreezingPoint(plot, this.palette())],
        draw: [(plot) => this.#drawNow(plot)],
      },
    };
    return new uPlot(options, plotData(this.#readings), this.host);
  }

  #drawNow(plot: uPlot): void {
    const current = nearest(this.#readings, Date.now());
    const { gold, paper } = this.palette();
    if (current !== undefined) drawPoint(plot, current, 4, paper, gold);
  }
}
