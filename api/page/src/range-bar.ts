import type { Range } from "./figures.ts";
import { heatColour } from "./heat.ts";

/** Lays a bar over its track: from the lowest to the highest value within the bounds all bars beside it share. */
export function layRangeBar(bar: HTMLElement, range: Range, bounds: Range): void {
  const from = bounds.lowest.temperature;
  const width = bounds.highest.temperature - from;
  const low = range.lowest.temperature;
  const high = range.highest.temperature;
  const left = width === 0 ? 0 : ((low - from) / width) * 100;
  const right = width === 0 ? 100 : ((high - from) / width) * 100;
  bar.style.left = `${Math.min(left, 97)}%`;
  bar.style.width = `${Math.max(3, right - left)}%`;
  bar.style.background = `linear-gradient(90deg, ${heatColour(low)}, ${heatColour(high)})`;
}
