import uPlot from "uplot";
import type { Band, Chart, Figure } from "../page/chart.ts";
import { LINE_COLOURS, type Palette } from "./palette.ts";
import { shown } from "./shown.ts";

const FONT = "12px system-ui, sans-serif";
const NARROW = 560;

/** The same for all, so that the moments of all figures stand under each other. */
export const LEFT_AXIS = 92;

/** Figures over the same x axis show the same moment. */
export const SYNC = ({ x }: Figure): string => x.unit;

export function plotHeight(host: HTMLElement): number {
  return host.clientWidth < NARROW ? 220 : 280;
}

export function axisOf(palette: () => Palette): uPlot.Axis {
  return {
    font: FONT,
    stroke: () => palette().muted,
    grid: { stroke: () => palette().grid, width: 1 },
    ticks: { show: false },
  };
}

/** A logarithm has no zero: such values are left out there. */
export function plotData({ xs, lines, y }: Chart): uPlot.AlignedData {
  const fits = (value: number | null): number | null =>
    y.scale === "logarithmic" && value !== null && value <= 0 ? null : value;
  return [[...xs], ...lines.map(({ values }) => values.map(fits))];
}

export function plotOptions(chart: Chart, palette: () => Palette): Omit<uPlot.Options, "width" | "height"> {
  const logarithmic = chart.y.scale === "logarithmic";
  const axis = axisOf(palette);
  return {
    padding: [14, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      sync: { key: SYNC(chart) },
      drag: { x: true, y: false, setScale: true },
      points: { size: 8 },
    },
    scales: {
      x: { time: false, range: (_plot, low, high) => reachOf(chart, low, high) },
      y: logarithmic
        ? { distr: 3, range: (_plot, low, high) => decades(low, high, chart) }
        : { range: (_plot, _low, high) => fromZero(high, chart) },
    },
    axes: [
      { ...axis, size: 34, values: (_plot, splits) => splits.map((x) => shown(x, "")) },
      {
        ...axis,
        size: LEFT_AXIS,
        values: (_plot, splits) => splits.map((y) => (y === null ? "" : shown(y, ""))),
      },
    ],
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
  const least = 10 ** Math.floor(Math.log10(Math.min(...values)));
  return [least, Math.max(least * 10, 10 ** Math.ceil(Math.log10(Math.max(...values))))];
}

function fromZero(high: number | null, { limits }: Chart): uPlot.Range.MinMax {
  return [0, Math.max(high ?? 0, ...limits.map(({ value }) => value)) * 1.08 || 1];
}

/** Behind everything else. */
export function drawBands(plot: uPlot, bands: readonly Band[], palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { from, to } of bands) {
    const left = plot.valToPos(from, "x", true);
    const width = Math.max(2 * uPlot.pxRatio, plot.valToPos(to, "x", true) - left);
    ctx.fillStyle = palette.band;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.fillStyle = palette.limit;
    ctx.fillRect(left, bbox.top, uPlot.pxRatio, bbox.height);
  }
  ctx.restore();
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
    // At one end and the other by turns: two limits may be close to each other.
    ctx.textAlign = at % 2 === 0 ? "right" : "left";
    ctx.fillText(name, bbox.left + (at % 2 === 0 ? bbox.width - 4 * ratio : 4 * ratio), height - 2 * ratio);
  }
  ctx.restore();
}
