import { type Figure, isTimeline } from "../page/chart.ts";
import { ChartView } from "./chart-view.ts";
import { element, within } from "./element.ts";
import { currentPalette } from "./palette.ts";
import { TimelineView } from "./timeline-view.ts";
import type { View } from "./view.ts";

/** Runs at the end of a page and draws the figures whose data stand in the page. */
function drawAll(): void {
  const figures: readonly Figure[] = JSON.parse(within(document, "#charts-data").textContent ?? "[]");
  let palette = currentPalette();
  const views = figures.map((figure): View => {
    const host = within(document, `#chart-${figure.id}`);
    return isTimeline(figure)
      ? new TimelineView(host, figure, () => palette)
      : new ChartView(host, figure, () => palette);
  });
  const repaint = (): void => {
    palette = currentPalette();
    for (const view of views) view.repaint();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  // Paper is white and of another width.
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "paper";
    for (const view of views) view.fit();
    repaint();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.theme;
    for (const view of views) view.fit();
    repaint();
  });
}

try {
  drawAll();
} catch (error) {
  // What says why there are no charts, instead of an empty page.
  within(document, "main").prepend(element("p", { class: "notice" }, `The charts cannot be drawn: ${String(error)}`));
  throw error;
}
