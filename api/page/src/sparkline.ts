import uPlot from "uplot";
import type { City } from "./city.ts";
import { curveSeries, drawFreezingPoint, drawPoint, plotData, temperatureRange, timeRange } from "./curve.ts";
import { nearest } from "./figures.ts";
import type { Palette } from "./heat.ts";

const HEIGHT_PX = 60;
/** How far outside the window a small chart is kept. */
const MARGIN = "300px 0px";

interface Place {
  city: City;
  drawn: City | undefined;
  plot: uPlot | undefined;
  visible: boolean;
}

/** The small charts of the cards. Only those near the window exist: hundreds of canvases would fill the memory of a phone. */
export class Sparklines {
  readonly #places = new Map<Element, Place>();
  readonly #onScreen: IntersectionObserver;
  readonly #sizes: ResizeObserver;

  constructor(
    readonly palette: () => Palette,
    readonly now: () => number,
  ) {
    this.#onScreen = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: MARGIN });
    this.#sizes = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        const plot = this.#places.get(target)?.plot;
        if (plot !== undefined && contentRect.width > 0 && plot.width !== Math.floor(contentRect.width)) {
          plot.setSize({ width: Math.floor(contentRect.width), height: HEIGHT_PX });
        }
      }
    });
  }

  /** Shows a city's readings in a host element, as soon as that is near the window. */
  set(host: Element, city: City): void {
    const place = this.#places.get(host);
    if (place === undefined) {
      this.#places.set(host, { city, drawn: undefined, plot: undefined, visible: false });
      this.#onScreen.observe(host);
      this.#sizes.observe(host);
      return;
    }
    place.city = city;
    if (place.visible) this.#draw(host, place);
  }

  remove(host: Element): void {
    this.#onScreen.unobserve(host);
    this.#sizes.unobserve(host);
    this.#places.get(host)?.plot?.destroy();
    this.#places.delete(host);
  }

  repaint(): void {
    for (const { plot } of this.#places.values()) plot?.redraw(false);
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const place = this.#places.get(entry.target);
      if (place === undefined) continue;
      place.visible = entry.isIntersecting;
      if (place.visible) this.#draw(entry.target, place);
      else this.#erase(place);
    }
  }

  #erase(place: Place): void {
    place.plot?.destroy();
    place.plot = undefined;
    place.drawn = undefined;
  }

  #draw(host: Element, place: Place): void {
    const { readings } = place.city;
    const known = place.drawn?.readings === readings;
    if (readings.length === 0) this.#erase(place);
    else if (place.plot === undefined) place.plot = this.#plot(host, place);
    // Only the point of now may have moved.
    else if (known) place.plot.redraw(false);
    else place.plot.setData(plotData(readings));
    place.drawn = place.city;
  }

  #plot(host: Element, place: Place): uPlot {
    const options: uPlot.Options = {
      width: Math.max(40, Math.floor(host.clientWidth)),
      height: HEIGHT_PX,
      padding: [6, 6, 6, 6],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: timeRange }, y: { range: temperatureRange } },
      axes: [{ show: false }, { show: false }],
      series: [{}, curveSeries(this.palette, 2)],
      hooks: {
        drawClear: [(plot) => drawFreezingPoint(plot, this.palette())],
        draw: [
          (plot) => {
            const current = nearest(place.city.readings, this.now());
            const { gold, paper } = this.palette();
            if (current !== undefined) drawPoint(plot, current, 4, paper, gold);
          },
        ],
      },
    };
    return new uPlot(options, plotData(place.city.readings), host as HTMLElement);
  }
}
