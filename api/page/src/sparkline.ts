import type uPlot from "uplot";
import { CurvePlot, curveOptions, drawFreezingPoint, drawPoint } from "./curve.ts";
import { element } from "./element.ts";
import { nearest, type Reading } from "./figures.ts";
import type { Palette } from "./heat.ts";

const HEIGHT_PX = 60;

/** The small chart of a card. It exists only near the window: hundreds of canvases would fill the memory of a phone. */
export class Sparkline extends CurvePlot {
  #isNear = false;
  #readings: readonly Reading[] = [];

  constructor(palette: () => Palette) {
    super(element("div", { class: "card-chart", "aria-hidden": "true" }), palette);
  }

  comesNear(isNear: boolean): void {
    this.#isNear = isNear;
    this.show(this.#readings);
  }

  show(readings: readonly Reading[]): void {
    const areSame = readings === this.#readings;
    this.#readings = readings;
    this.draw(this.#isNear ? readings : [], areSame);
  }

  protected size() {
    return { width: Math.max(40, Math.floor(this.host.clientWidth)), height: HEIGHT_PX };
  }

  protected options() {
    return {
      ...curveOptions(this.palette, 2),
      padding: [6, 6, 6, 6] satisfies uPlot.Padding,
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      hooks: {
        drawClear: [(plot: uPlot) => drawFreezingPoint(plot, this.palette())],
        draw: [(plot: uPlot) => this.#drawNow(plot)],
      },
    };
  }

  #drawNow(plot: uPlot): void {
    const current = nearest(this.#readings, Date.now());
    const { gold, paper } = this.palette();
    if (current !== undefined) drawPoint(plot, current, 4, paper, gold);
  }
}
