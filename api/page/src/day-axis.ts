import type uPlot from "uplot";
import { DAY_MS, startOfDay } from "./calendar.ts";
import type { Palette } from "./heat.ts";
import type { Dates } from "./language.ts";

/** The width of a label such as "Wed 24" in two lines. */
const LABEL_WIDTH_PX = 40;
/** With more days, not every midnight gets a grid line. */
const MAX_MIDNIGHTS = 60;

function midnightsBetween(from: number, to: number): number[] {
  const days = Math.ceil((to - from) / DAY_MS);
  const step = Math.max(1, Math.ceil(days / MAX_MIDNIGHTS)) * DAY_MS;
  const midnights: number[] = [];
  for (let midnight = startOfDay(from) + DAY_MS; midnight <= to; midnight += step) midnights.push(midnight);
  return midnights;
}

/** The middle of each day, or of the part of it that the chart shows when that part is wide enough for a label. */
function labelPlaces(plot: uPlot, from: number, to: number): number[] {
  const pixelsPerDay = (plot.bbox.width / devicePixelRatio / Math.max(1, to - from)) * DAY_MS || LABEL_WIDTH_PX;
  const every = Math.max(1, Math.ceil(LABEL_WIDTH_PX / pixelsPerDay));
  const places: number[] = [];
  for (let start = startOfDay(from), index = 0; start < to; start += DAY_MS, index++) {
    const left = Math.max(start, from);
    const right = Math.min(start + DAY_MS, to);
    const wideEnough = ((right - left) / DAY_MS) * pixelsPerDay * every >= LABEL_WIDTH_PX * 0.75;
    if (index % every === 0 && wideEnough) places.push((left + right) / 2);
  }
  return places;
}

/** The two axes below the chart: lines at Moscow's midnights, and the days' names between them. */
export function dayAxes(dates: () => Dates, palette: () => Palette): uPlot.Axis[] {
  const below = { scale: "x", side: 2, ticks: { show: false } } as const;
  return [
    {
      ...below,
      size: 0,
      splits: (_plot, _axis, from, to) => midnightsBetween(from, to),
      values: (_plot, splits) => splits.map(() => ""),
      grid: { stroke: () => palette().line, width: 1 },
    },
    {
      ...below,
      size: 42,
      gap: 4,
      lineGap: 1.35,
      font: "12px system-ui, sans-serif",
      stroke: () => palette().muted,
      splits: (plot, _axis, from, to) => labelPlaces(plot, from, to),
      values: (_plot, splits) => splits.map((at) => `${dates().weekday(at)}\n${dates().dayOfMonth(at)}`),
      grid: { show: false },
    },
  ];
}
