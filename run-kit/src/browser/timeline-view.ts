import uPlot from "uplot";
import type { Span, Timeline } from "../page/chart.ts";
import { element, timelineTable, within } from "./element.ts";
import type { Palette } from "./palette.ts";
import { baseOptions, clipped, drawBands, FONT, LEFT_AXIS_PX, type PlotOptions } from "./plot-options.ts";
import { spokenStates, statesAt } from "./shown.ts";
import { plotView, type View } from "./view.ts";

/** Lanes. Arrow keys go from change to change; a mouse shows any moment. */
export function timelineView(figure: HTMLElement, timeline: Timeline, palette: () => Palette): View {
  const changes = changesOf(timeline);
  const states = timeline.lanes.map(() => element("span", { class: "legend-value" }));
  const list = within(figure, ".legend");
  list.classList.add("states");
  for (const [lane, { name }] of timeline.lanes.entries())
    list.append(element("li", {}, `${name}: `, states[lane] ?? ""));
  return plotView(figure, {
    options: timelineOptions(timeline, palette),
    data: [changes, changes.map(() => null)],
    height: () => timelineHeight(timeline),
    moments: changes,
    indexAt: (_plot, at) =>
      Math.max(
        0,
        changes.findLastIndex((change) => change <= at),
      ),
    show(_index, at) {
      const now = statesAt(timeline, at);
      for (const [lane, host] of states.entries()) host.textContent = now[lane]?.state ?? "–";
      return spokenStates(timeline, at);
    },
    table: () => timelineTable(timeline),
  });
}

const LANE_PX = 30;
const AROUND_PX = 48;
/** Between the name of a lane and its bars, and before the name. */
const AROUND_NAME_PX = 14;
const GAP_PX = 3;

export function timelineHeight({ lanes }: Timeline): number {
  return lanes.length * LANE_PX + AROUND_PX;
}

/** All moments at which something begins or ends, in order. */
export function changesOf({ x: { from, to }, lanes }: Timeline): number[] {
  const edges = lanes.flatMap(({ spans }) => spans.flatMap((span) => [span.from, span.to]));
  return [...new Set([from, ...edges.filter((edge) => edge > from && edge < to), to])].sort(
    (one, other) => one - other,
  );
}

/** Lane 0 is the topmost: the scale of y runs from the number of lanes down to 0. */
export function timelineOptions(timeline: Timeline, palette: () => Palette): PlotOptions {
  const { lanes } = timeline;
  const base = baseOptions(timeline, palette, {
    grid: { show: false },
    splits: () => lanes.map((_, at) => at + 0.5),
    values: ({ ctx }) => namesOf(timeline, ctx),
  });
  return {
    ...base,
    cursor: { ...base.cursor, points: { show: false } },
    scales: { x: { time: false }, y: { range: [0, Math.max(1, lanes.length)], dir: -1 } },
    series: [{}, {}],
    hooks: {
      drawClear: [(plot) => drawBands(plot, timeline.bands ?? [], palette())],
      draw: [(plot) => drawSpans(plot, timeline, palette())],
    },
  };
}

/** Names of the lanes, shortened in their middle where the axis is too narrow: machines often differ at the end. */
function namesOf({ lanes }: Timeline, ctx: CanvasRenderingContext2D): string[] {
  ctx.save();
  ctx.font = FONT;
  const names = lanes.map(({ name }) => shortened(ctx, name, LEFT_AXIS_PX - AROUND_NAME_PX));
  ctx.restore();
  return names;
}

function shortened(ctx: CanvasRenderingContext2D, name: string, room: number): string {
  let shown = name;
  for (let left = name.length - 1; left > 2 && ctx.measureText(shown).width > room; left--)
    shown = `${name.slice(0, Math.ceil(left / 2))}…${name.slice(-Math.floor(left / 2))}`;
  return shown;
}

function drawSpans(plot: uPlot, { lanes }: Timeline, palette: Palette): void {
  clipped(plot, () => {
    plot.ctx.font = `${12 * uPlot.pxRatio}px system-ui, sans-serif`;
    plot.ctx.textAlign = "left";
    plot.ctx.textBaseline = "middle";
    for (const [lane, { spans }] of lanes.entries()) for (const span of spans) drawSpan(plot, lane, span, palette);
  });
}

/** A bar with its name, where there is room for it. */
function drawSpan(plot: uPlot, lane: number, { from, to, name, tone }: Span, palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const left = plot.valToPos(from, "x", true);
  // Something that lasted for a moment stays visible.
  const width = Math.max(3 * ratio, plot.valToPos(to, "x", true) - left);
  const top = plot.valToPos(lane, "y", true) + GAP_PX * ratio;
  const height = plot.valToPos(lane + 1, "y", true) - GAP_PX * ratio - top;
  const { fill, text } = palette.tones[tone];
  ctx.fillStyle = fill;
  ctx.strokeStyle = tone === "unknown" ? palette.muted : palette.card;
  ctx.lineWidth = ratio;
  ctx.setLineDash(tone === "unknown" ? [4 * ratio, 3 * ratio] : []);
  ctx.fillRect(left, top, width, height);
  ctx.strokeRect(left, top, width, height);
  const start = Math.max(left, bbox.left) + 6 * ratio;
  const room = Math.min(left + width, bbox.left + bbox.width) - 4 * ratio - start;
  const label = fitted(ctx, name, room);
  ctx.fillStyle = text;
  ctx.fillText(label, start, top + height / 2);
}

/** As much of a name as there is room for; nothing where less than three letters fit. */
function fitted(ctx: CanvasRenderingContext2D, name: string, room: number): string {
  if (ctx.measureText(name).width <= room) return name;
  for (let length = name.length - 1; length >= 3; length--) {
    const cut = `${name.slice(0, length).trimEnd()}…`;
    if (ctx.measureText(cut).width <= room) return cut;
  }
  return "";
}
