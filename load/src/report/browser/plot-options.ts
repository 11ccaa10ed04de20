import uPlot from "uplot";
import type { Chart } from "../chart.ts";
import { shown } from "./figures.ts";
import { LINE_COLOURS, type Palette } from "./palette.ts";

const FONT = "12px system-ui, sans-serif";
const NARROW = 560;

export function plotSize(host: HTMLElement): { readonly width: number; readonly height: number } {
  const width = Math.max(200, Math.floor(host.clientWidth));
  return { width, height: width < NARROW ? 220 : 280 };
}

/** A logarithm has no zero: such values are left out there. */
export function plotData({ xs, lines, y }: Chart): uPlot.AlignedData {
  const fits = (value: number | null): number | null =>
    y.scale === "logarithmic" && value !== null && value <= 0 ? null : value;
  return [[...xs], ...lines.map(({ values }) => values.map(fits))];
}

export function plotOptions(chart: Chart, palette: () => Palette): Omit<uPlot.Options, "width" | "height"> {
  const logarithmic = chart.y.scale === "logarithmic";
  const axis = { font: FONT, stroke: () => palette().muted, grid: { stroke: () => palette().grid, width: 1 } };
  return {
    padding: [14, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      sync: { key: chart.x.unit },
      drag: { x: true, y: false, setScale: true },
      points: { size: 8 },
    },
    scales: {
      x: { time: false },
      y: logarithmic
        ? { distr: 3, range: (_plot, low, high) => decades(low, high, chart) }
        : { range: (_plot, _low, high) => fromZero(high, chart) },
    },
    axes: [
      { ...axis, size: 34, ticks: { show: false }, values: (_plot, splits) => splits.map((x) => shown(x, "")) },
      {
        ...axis,
        size: 58,
        ticks: { show: false },
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
    hooks: { draw: [(plot) => drawLimits(plot, chart, palette())] },
  };
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
