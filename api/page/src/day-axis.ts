import type uPlot from "uplot";
import { DAY, startOfDay } from "./calendar.ts";
import type { Dates } from "./language.ts";

/** Pixels a label such as "Wed 24" in two lines needs. */
const LABEL_WIDTH = 40;
/** Up to so many days each midnight gets a grid line. */
const MOST_MIDNIGHTS = 60;

function midnightsBetween(from: number, to: number): number[] {
  const days = Math.ceil((to - from) / DAY);
  const step = Math.max(1, Math.ceil(days / MOST_MIDNIGHTS)) * DAY;
  const midnights: number[] = [];
  for (let midnight = startOfDay(from) + DAY; midnight <= to; midnight += step) midnights.push(midnight);
  return midnights;
}

/** The middle of each day, or of the part of it that the chart shows when that part is wide enough for a label. */
function labelPlaces(plot: uPlot, from: number, to: number): number[] {
  const pixelsPerDay = (plot.bbox.width / devicePixelRatio / Math.max(1, to - from)) * DAY || LABEL_WIDTH;
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / pixelsPerDay));
  const places: number[] = [];
  for (let start = startOfDay(from), index = 0; start < to; start += DAY, index++) {
    const left = Math.max(start, from);
    const right = Math.min(start + DAY, to);
    const wideEnough = ((right - left) / DAY) * pixelsPerDay * every >= LABEL_WIDTH * 0.75;
    if (index % every === 0 && wideEnough) places.push((left + right) / 2);
  }
  return places;
}

/** The two axes below the chart: lines at Moscow's midnights, and the days' names between them. */
export function dayAxes(dates: () => Dates, label: () => string, grid: () => string): uPlot.Axis[] {
  return [
    {
      scale: "x",
      side: 2,
      size: 0,
      splits: (_plot, _axis, from, to) => midnightsBetween(from, to),
      values: (_plot, splits) => splits.map(() => ""),
      grid: { stroke: grid, width: 1 },
      ticks: { show: false },
    },
    {
      scale: "x",
      side: 2,
      size: 42,
      gap: 4,
      lineGap: 1.35,
      font: "12px system-ui, sans-serif",
      stroke: label,
      splits: (plot, _axis, from, to) => labelPlaces(plot, from, to),
      values: (_plot, splits) => splits.map((at) => `${dates().weekday(at)}\n${dates().dayOfMonth(at)}`),
      grid: { show: false },
      ticks: { show: false },
    },
  ];
}
