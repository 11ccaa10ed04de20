import uPlot from "uplot";
import type { Span, Timeline } from "../page/chart.ts";
import type { Palette } from "./palette.ts";
import { axisOf, drawBands, LEFT_AXIS, SYNC } from "./plot-options.ts";
import { shown } from "./shown.ts";

const LANE = 30;
const AROUND = 48;
/** Letters that fit beside a lane. */
const LONGEST_NAME = 14;
/** CSS pixels; above and below the bar of a span. */
const GAP = 3;

export function timelineHeight({ lanes }: Timeline): number {
  return lanes.length * LANE + AROUND;
}

/** All moments at which something begins or ends, in order. */
export function changesOf({ x: { from, to }, lanes }: Timeline): number[] {
  const edges = lanes.flatMap(({ spans }) => spans.flatMap((span) => [span.from, span.to]));
  return [...new Set([from, ...edges.filter((edge) => edge > from && edge < to), to])].sort(
    (one, other) => one - other,
  );
}

/** Lane 0 is the topmost: the scale of y runs from the number of lanes down to 0. */
export function timelineOptions(timeline: Timeline, palette: () => Palette): Omit<uPlot.Options, "width" | "height"> {
  const { lanes } = timeline;
  const axis = axisOf(palette);
  return {
    padding: [14, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      sync: { key: SYNC(timeline) },
      drag: { x: true, y: false, setScale: true },
      points: { show: false },
    },
    scales: { x: { time: false }, y: { range: [0, Math.max(1, lanes.length)], dir: -1 } },
    axes: [
      { ...axis, size: 34, values: (_plot, splits) => splits.map((x) => shown(x, "")) },
      {
        ...axis,
        size: LEFT_AXIS,
        grid: { show: false },
        splits: () => lanes.map((_, at) => at + 0.5),
        values: () =>
          lanes.map(({ name }) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name)),
      },
    ],
    series: [{}, {}],
    hooks: {
      drawClear: [(plot) => drawBands(plot, timeline.bands ?? [], palette())],
      draw: [(plot) => drawSpans(plot, timeline, palette())],
    },
  };
}

function drawSpans(plot: uPlot, { lanes }: Timeline, palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${12 * uPlot.pxRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const [lane, { spans }] of lanes.entries()) for (const span of spans) drawSpan(plot, lane, span, palette);
  ctx.restore();
}

/** A bar with its name, where there is room for it. */
function drawSpan(plot: uPlot, lane: number, { from, to, name, tone }: Span, palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const left = plot.valToPos(from, "x", true);
  // Something that lasted for a moment is still to be seen.
  const width = Math.max(3 * ratio, plot.valToPos(to, "x", true) - left);
  const top = plot.valToPos(lane, "y", true) + GAP * ratio;
  const height = plot.valToPos(lane + 1, "y", true) - GAP * ratio - top;
  const { fill, text } = palette.tones[tone];
  ctx.fillStyle = fill;
  ctx.strokeStyle = tone === "away" ? palette.muted : palette.card;
  ctx.lineWidth = ratio;
  ctx.setLineDash(tone === "away" ? [4 * ratio, 3 * ratio] : []);
  ctx.fillRect(left, top, width, height);
  ctx.strokeRect(left, top, width, height);
  const start = Math.max(left, bbox.left) + 6 * ratio;
  const room = Math.min(left + width, bbox.left + bbox.width) - 4 * ratio - start;
  const label = fitted(ctx, name, room);
  ctx.fillStyle = text;
  ctx.fillText(label, start, top + height / 2);
}

/** As much of a name as there is room for; nothing where that says nothing. */
function fitted(ctx: CanvasRenderingContext2D, name: string, room: number): string {
  if (ctx.measureText(name).width <= room) return name;
  for (let length = name.length - 1; length >= 3; length--) {
    const cut = `${name.slice(0, length).trimEnd()}…`;
    if (ctx.measureText(cut).width <= room) return cut;
  }
  return "";
}
