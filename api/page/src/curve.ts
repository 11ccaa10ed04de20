import uPlot from "uplot";
import { DAY_MS, HOUR_MS } from "./calendar.ts";
import type { Reading } from "./figures.ts";
import type { Palette } from "./heat.ts";

/** Common to the small and the large chart: a curve coloured by its temperatures, with gaps where values are missing. */

const MIN_GAP_MS = 12 * HOUR_MS;

function plotData(readings: readonly Reading[]): uPlot.AlignedData {
  return [readings.map((reading) => reading.time), readings.map((reading) => reading.temperature)];
}

/** Some space above and below, also for a flat curve. */
function temperatureRange(_plot: uPlot, lowest: number | null, highest: number | null): uPlot.Range.MinMax {
  const [low, high] = [lowest ?? 0, highest ?? 0];
  const air = Math.max(1, (high - low) * 0.12);
  return [low - air, high + air];
}

/** A single value gets half a day on each side: a scale needs a width, and uPlot would choose weeks. */
function timeRange(plot: uPlot): uPlot.Range.MinMax {
  const times = plot.data[0];
  const [from, to] = [times[0] ?? 0, times[times.length - 1] ?? 0];
  return from === to ? [from - DAY_MS / 2, to + DAY_MS / 2] : [from, to];
}

/** A vertical gradient whose colours belong to temperatures, not to places on the canvas. */
function heatGradient(plot: uPlot, palette: Palette): CanvasGradient | string {
  const warmest = palette.heat.at(-1);
  const coldest = palette.heat[0];
  if (warmest === undefined || coldest === undefined) return palette.gold;
  const top = plot.valToPos(warmest.at, "y", true);
  const bottom = plot.valToPos(coldest.at, "y", true);
  if (!Number.isFinite(top) || !Number.isFinite(bottom)) return palette.gold;
  const gradient = plot.ctx.createLinearGradient(0, top, 0, bottom);
  for (const { at, colour } of palette.heat) {
    gradient.addColorStop((warmest.at - at) / (warmest.at - coldest.at), colour);
  }
  return gradient;
}

/** Typical distance between neighbours, in milliseconds. */
function usualStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** A long time without values is a gap in the curve. */
function gapsOf(plot: uPlot, _series: number, from: number, to: number, gaps: uPlot.Series.Gaps): uPlot.Series.Gaps {
  const times = Array.from(plot.data[0]);
  const minGapMs = Math.max(MIN_GAP_MS, 3 * usualStep(times));
  for (let index = from + 1; index <= to; index++) {
    const before = times[index - 1];
    const after = times[index];
    if (before === undefined || after === undefined || after - before <= minGapMs) continue;
    uPlot.addGap(gaps, Math.round(plot.valToPos(before, "x", true)), Math.round(plot.valToPos(after, "x", true)));
  }
  return gaps;
}

export function curveOptions(palette: () => Palette, width: number) {
  const paths = uPlot.paths.spline?.();
  const curve: uPlot.Series = {
    stroke: (plot) => heatGradient(plot, palette()),
    width,
    cap: "round",
    gaps: gapsOf,
    points: { show: (plot) => plot.data[0].length < 2 },
    ...(paths === undefined ? {} : { paths }),
  };
  return {
    legend: { show: false },
    scales: { x: { time: false, range: timeRange }, y: { range: temperatureRange } },
    series: [{}, curve],
  };
}

/** A plot of readings in an element, as wide as its place; none while there are no readings. */
export abstract class CurvePlot {
  protected plot: uPlot | undefined;
  readonly #sizes = new ResizeObserver(() => this.#fit());

  constructor(
    readonly host: HTMLElement,
    readonly palette: () => Palette,
  ) {
    this.#sizes.observe(host);
  }

  protected abstract size(): { readonly width: number; readonly height: number };
  protected abstract options(): Omit<uPlot.Options, "width" | "height">;

  /** @param areSame as before: only the point of now may have moved */
  protected draw(readings: readonly Reading[], areSame: boolean): void {
    if (readings.length === 0) this.#erase();
    else if (this.plot === undefined)
      this.plot = new uPlot({ ...this.options(), ...this.size() }, plotData(readings), this.host);
    else if (areSame) this.plot.redraw(false, true);
    else this.plot.setData(plotData(readings));
  }

  repaint(): void {
    this.plot?.redraw(false);
  }

  destroy(): void {
    this.#sizes.disconnect();
    this.#erase();
  }

  #erase(): void {
    this.plot?.destroy();
    this.plot = undefined;
  }

  #fit(): void {
    const { width, height } = this.size();
    if (this.plot === undefined || this.host.clientWidth === 0) return;
    if (this.plot.width !== width || this.plot.height !== height) this.plot.setSize({ width, height });
  }
}

/** Draws one path with settings that hold for nothing else. */
export function paint(
  { ctx }: uPlot,
  settings: Partial<CanvasRenderingContext2D>,
  draw: (ctx: CanvasRenderingContext2D) => void,
): void {
  ctx.save();
  Object.assign(ctx, settings);
  ctx.beginPath();
  draw(ctx);
  ctx.restore();
}

/** A horizontal line at zero degrees, where the curve comes near it. */
export function drawFreezingPoint(plot: uPlot, palette: Palette): void {
  const { min = 1, max = 0 } = plot.scales.y ?? {};
  if (min > 0 || max < 0) return;
  const { left, width } = plot.bbox;
  const height = Math.round(plot.valToPos(0, "y", true)) + 0.5;
  paint(plot, { strokeStyle: palette.muted, globalAlpha: 0.55, lineWidth: uPlot.pxRatio }, (ctx) => {
    ctx.setLineDash([2 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    ctx.moveTo(left, height);
    ctx.lineTo(left + width, height);
    ctx.stroke();
  });
}

/** A point on the curve, with a rim. */
export function drawPoint(plot: uPlot, reading: Reading, radius: number, fill: string, rim: string): void {
  const [left, top] = [plot.valToPos(reading.time, "x", true), plot.valToPos(reading.temperature, "y", true)];
  paint(plot, { fillStyle: fill, strokeStyle: rim, lineWidth: 2 * uPlot.pxRatio }, (ctx) => {
    ctx.arc(left, top, radius * uPlot.pxRatio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  });
}
