import { type Figure, isTimeline } from "../page/chart.ts";
import { chartView } from "./chart-view.ts";
import { element, within } from "./element.ts";
import { currentPalette } from "./palette.ts";
import { timelineView } from "./timeline-view.ts";
import type { View } from "./view.ts";

/** Runs at the end of a page and draws the figures whose data stand in the page. */
function drawAll(): void {
  const figures: readonly Figure[] = JSON.parse(within(document, "#charts-data").textContent ?? "[]");
  let palette = currentPalette();
  const views = figures.map((figure): View => {
    const host = within(document, `#chart-${figure.id}`);
    return isTimeline(figure) ? timelineView(host, figure, () => palette) : chartView(host, figure, () => palette);
  });
  const repaint = (): void => {
    palette = currentPalette();
    for (const view of views) view.repaint();
  };
  const refit = (): void => {
    for (const view of views) view.fit();
    repaint();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  // Paper is white and of another width.
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "paper";
    refit();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.theme;
    refit();
  });
}

try {
  drawAll();
} catch (error) {
  // What says why there are no charts, instead of an empty page.
  within(document, "main").prepend(element("p", { class: "notice" }, `The charts cannot be drawn: ${String(error)}`));
  throw error;
}
