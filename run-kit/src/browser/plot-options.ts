import uPlot from "uplot";
import type { Band, Chart, Figure } from "../page/chart.ts";
import { LINE_COLOURS, type Palette } from "./palette.ts";
import { shown } from "./shown.ts";

export const FONT = "12px system-ui, sans-serif";
/** A host below this width is a phone's. */
const NARROW_PX = 560;

/** The same for all, so that the moments of all figures stand under each other. */
export const LEFT_AXIS_PX = 92;

export function plotHeight(host: HTMLElement): number {
  return host.clientWidth < NARROW_PX ? 220 : 280;
}

export type PlotOptions = Omit<uPlot.Options, "width" | "height">;

/** What curves and timelines have in common: the x axis below, an axis to the left, and a cursor that figures over the same x axis share. */
export function baseOptions({ x }: Figure, palette: () => Palette, leftAxis: uPlot.Axis) {
  const axis: uPlot.Axis = {
    font: FONT,
    stroke: () => palette().muted,
    grid: { stroke: () => palette().grid, width: 1 },
    ticks: { show: false },
  };
  return {
    padding: [14, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, sync: { key: x.unit }, drag: { x: true, y: false, setScale: true } },
    axes: [
      { ...axis, size: 34, values: (_plot, splits) => splits.map((at) => shown(at, "")) },
      { ...axis, size: LEFT_AXIS_PX, ...leftAxis },
    ],
  } satisfies Partial<PlotOptions> as Pick<PlotOptions, "padding" | "legend" | "cursor" | "axes">;
}

/** A logarithm has no zero: such values are left out there. */
export function plotData({ xs, lines, y }: Chart): uPlot.AlignedData {
  const fits = (value: number | null): number | null =>
    y.scale === "logarithmic" && value !== null && value <= 0 ? null : value;
  return [[...xs], ...lines.map(({ values }) => values.map(fits))];
}

export function plotOptions(chart: Chart, palette: () => Palette): PlotOptions {
  const base = baseOptions(chart, palette, {
    values: (_plot, splits) => splits.map((y) => (y === null ? "" : shown(y, ""))),
  });
  return {
    ...base,
    cursor: { ...base.cursor, points: { size: 8 } },
    scales: {
      x: { time: false, range: (_plot, low, high) => reachOf(chart, low, high) },
      y:
        chart.y.scale === "logarithmic"
          ? { distr: 3, range: (_plot, low, high) => decades(low, high, chart) }
          : { range: (_plot, _low, high) => fromZero(high, chart) },
    },
    series: [
      {},
      ...chart.lines.map(
        ({ values, colour }, at): uPlot.Series => ({
          stroke: () => palette().lines[(colour ?? at) % LINE_COLOURS] ?? palette().ink,
          width: 1.6,
          // More lines than colours: the second round is dashed.
          ...((colour ?? at) < LINE_COLOURS ? {} : { dash: [6, 3] }),
          points: { show: values.length < 3 },
        }),
      ),
    ],
    hooks: {
      drawClear: [(plot) => drawBands(plot, chart.bands ?? [], palette())],
      draw: [(plot) => drawLimits(plot, chart, palette())],
    },
  };
}

/** All there is, or the part that was enlarged. */
function reachOf({ x, xs }: Chart, low: number, high: number): uPlot.Range.MinMax {
  const isWhole = low <= (xs[0] ?? low) && high >= (xs.at(-1) ?? high);
  return isWhole ? [x.from ?? low, x.to ?? high] : [low, high];
}

/** Whole powers of ten around the values and the limits. */
function decades(low: number | null, high: number | null, { limits }: Chart): uPlot.Range.MinMax {
  const values = [low ?? 1, high ?? 10, ...limits.map(({ value }) => value)].filter((value) => value > 0);
  const min = 10 ** Math.floor(Math.log10(Math.min(...values)));
  return [min, Math.max(min * 10, 10 ** Math.ceil(Math.log10(Math.max(...values))))];
}

function fromZero(high: number | null, { limits }: Chart): uPlot.Range.MinMax {
  return [0, Math.max(high ?? 0, ...limits.map(({ value }) => value)) * 1.08 || 1];
}

/** Draws within the plot, without its axes. */
export function clipped({ ctx, bbox }: uPlot, draw: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** Behind everything else. */
export function drawBands(plot: uPlot, bands: readonly Band[], palette: Palette): void {
  const { ctx, bbox } = plot;
  clipped(plot, () => {
    for (const { from, to } of bands) {
      const left = plot.valToPos(from, "x", true);
      const width = Math.max(2 * uPlot.pxRatio, plot.valToPos(to, "x", true) - left);
      ctx.fillStyle = palette.band;
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.fillStyle = palette.limit;
      ctx.fillRect(left, bbox.top, uPlot.pxRatio, bbox.height);
    }
  });
}

function drawLimits(plot: uPlot, { limits }: Chart, palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.strokeStyle = palette.limit;
  ctx.fillStyle = palette.limit;
  ctx.lineWidth = ratio;
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  for (const [at, { name, value }] of limits.entries()) {
    const height = Math.round(plot.valToPos(value, "y", true));
    if (height < bbox.top || height > bbox.top + bbox.height) continue;
    ctx.setLineDash([5 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, height);
    ctx.lineTo(bbox.left + bbox.width, height);
    ctx.stroke();
    // At the right and the left end alternately: two limits may be close to each other.
    ctx.textAlign = at % 2 === 0 ? "right" : "left";
    ctx.fillText(name, bbox.left + (at % 2 === 0 ? bbox.width - 4 * ratio : 4 * ratio), height - 2 * ratio);
  }
  ctx.restore();
}
