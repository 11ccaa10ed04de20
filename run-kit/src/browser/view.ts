import type uPlot from "uplot";
import { within } from "./element.ts";

/** A drawn figure of the page. */
export interface View {
  /** After a change of the width. */
  fit(): void;
  /** After a change of the colours. */
  repaint(): void;
}

/** Follows the width of the plot's frame, and fingers: uPlot listens to mice only. */
export function attach(plot: uPlot, host: HTMLElement, view: View): void {
  plot.root.setAttribute("aria-hidden", "true");
  host.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") return;
    const { left, top } = plot.over.getBoundingClientRect();
    plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  });
  host.addEventListener("blur", () => plot.setCursor({ left: -10, top: -10 }));
  new ResizeObserver(() => view.fit()).observe(host);
}

export function fitInto(plot: uPlot, host: HTMLElement, height: number): void {
  if (host.clientWidth === 0) return;
  const width = widthOf(host);
  if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
}

export function widthOf(host: HTMLElement): number {
  return Math.max(200, Math.floor(host.clientWidth));
}

/** Thousands of rows are made when somebody wants to see them. */
export function tableOnDemand(figure: HTMLElement, table: () => HTMLTableElement): void {
  const details = within(figure, "details");
  details.addEventListener("toggle", () => {
    const frame = within(details, ".table-frame");
    if (frame.childElementCount === 0) frame.append(table());
  });
}
