import uPlot from "uplot";
import { DAY, HOUR } from "./calendar.ts";
import type { Reading } from "./city.ts";
import type { Palette } from "./heat.ts";

/** What the small and the large chart draw alike: a curve coloured by its temperatures, broken where values are missing. */

const SMALLEST_HOLE = 12 * HOUR;

export function plotData(readings: readonly Reading[]): uPlot.AlignedData {
  return [readings.map((reading) => reading.time), readings.map((reading) => reading.temperature)];
}

/** A little air above and below, also for a curve that is flat. */
export function temperatureRange(_plot: uPlot, lowest: number | null, highest: number | null): uPlot.Range.MinMax {
  const low = lowest ?? 0;
  const high = highest ?? 0;
  const air = Math.max(1, (high - low) * 0.12);
  return [low - air, high + air];
}

/** One value alone gets half a day on each side: a scale needs a width, and uPlot's own choice would be weeks. */
export function timeRange(plot: uPlot): uPlot.Range.MinMax {
  const times = plot.data[0];
  const from = times[0] ?? 0;
  const to = times[times.length - 1] ?? 0;
  return from === to ? [from - DAY / 2, to + DAY / 2] : [from, to];
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

/** Where values are missing for long the curve is broken instead of guessed. */
function holes(plot: uPlot, _series: number, from: number, to: number, gaps: uPlot.Series.Gaps): uPlot.Series.Gaps {
  const times = Array.from(plot.data[0]);
  const hole = Math.max(SMALLEST_HOLE, 3 * usualStep(times));
  for (let index = from + 1; index <= to; index++) {
    const before = times[index - 1];
    const after = times[index];
    if (before === undefined || after === undefined || after - before <= hole) continue;
    uPlot.addGap(gaps, Math.round(plot.valToPos(before, "x", true)), Math.round(plot.valToPos(after, "x", true)));
  }
  return gaps;
}

export function curveSeries(palette: () => Palette, width: number): uPlot.Series {
  const paths = uPlot.paths.spline?.();
  return {
    stroke: (plot) => heatGradient(plot, palette()),
    width,
    cap: "round",
    gaps: holes,
    points: { show: (plot) => plot.data[0].length < 2 },
    ...(paths === undefined ? {} : { paths }),
  };
}

/** A horizontal line at zero degrees, where the curve comes near it. */
export function drawFreezingPoint(plot: uPlot, palette: Palette): void {
  const { min, max } = plot.scales.y ?? {};
  if (min === undefined || max === undefined || min > 0 || max < 0) return;
  const { ctx, bbox } = plot;
  const height = Math.round(plot.valToPos(0, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = palette.muted;
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = uPlot.pxRatio;
  ctx.setLineDash([2 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, height);
  ctx.lineTo(bbox.left + bbox.width, height);
  ctx.stroke();
  ctx.restore();
}

/** A point on the curve; its rim sets it off. */
export function drawPoint(plot: uPlot, reading: Reading, radius: number, fill: string, rim: string): void {
  const { ctx } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.arc(
    plot.valToPos(reading.time, "x", true),
    plot.valToPos(reading.temperature, "y", true),
    radius * uPlot.pxRatio,
    0,
    2 * Math.PI,
  );
  ctx.fillStyle = fill;
  ctx.strokeStyle = rim;
  ctx.lineWidth = 2 * uPlot.pxRatio;
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}
