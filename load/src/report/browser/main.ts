import type { Chart } from "../chart.ts";
import { ChartView, failure } from "./chart-view.ts";
import { within } from "./element.ts";
import { currentPalette } from "./palette.ts";

/** Runs at the end of a report or comparison page and draws the charts whose data stand in the page. */
function drawAll(): void {
  const charts: readonly Chart[] = JSON.parse(within(document, "#charts-data").textContent ?? "[]");
  let palette = currentPalette();
  const views = charts.map((chart) => new ChartView(within(document, `#chart-${chart.id}`), chart, () => palette));
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
  within(document, "main").prepend(failure(error));
  throw error;
}
