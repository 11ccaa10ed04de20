import uPlot from "uplot";
import { within } from "./element.ts";
import type { PlotOptions } from "./plot-options.ts";

export interface View {
  readonly plot: uPlot;
  /** After a change of the width. */
  fit(): void;
  /** After a change of the colours. */
  repaint(): void;
}

/** What a figure draws, and what it tells of one moment. */
interface Drawing {
  readonly options: PlotOptions;
  readonly data: uPlot.AlignedData;
  readonly height: (host: HTMLElement) => number;
  /** The places on the x axis that arrow keys go to. */
  readonly moments: readonly number[];
  /** The moment (its index) that belongs to a place under the cursor; null: none. */
  readonly indexAt: (plot: uPlot, at: number) => number | null | undefined;
  /** Shows one moment in the legend. @returns the same in words */
  readonly show: (index: number, at: number, isPointedAt: boolean) => string;
  readonly table: () => HTMLTableElement;
}

/** The plot is a slider for keyboards and screen readers: its value is the moment under the cursor, described in words. */
export function plotView(figure: HTMLElement, drawing: Drawing): View {
  const { moments } = drawing;
  const host = within(figure, ".plot");
  const size = () => ({ width: Math.max(200, Math.floor(host.clientWidth)), height: drawing.height(host) });
  const plot = new uPlot({ ...drawing.options, ...size() }, drawing.data, host);
  let index = 0;
  let at = moments[0] ?? 0;
  const show = (isPointedAt: boolean): void =>
    describeSlider(host, index, moments.length, drawing.show(index, at, isPointedAt));
  show(false);
  plot.hooks.setCursor = [
    () => {
      const { left = -1 } = plot.cursor;
      const place = plot.posToVal(left, "x");
      const found = left < 0 ? null : drawing.indexAt(plot, place);
      if (found !== null && found !== undefined) [index, at] = [found, place];
      show(found !== null && found !== undefined);
    },
  ];
  host.addEventListener("keydown", (event) => {
    const target = indexAfter(event, index, moments.length);
    if (target === undefined) return;
    event.preventDefault();
    const moment = moments[target] ?? 0;
    plot.setCursor({ left: plot.valToPos(moment, "x"), top: 0 });
    // A pixel can be on either side of the moment.
    [index, at] = [target, moment];
    show(true);
  });
  plot.root.setAttribute("aria-hidden", "true");
  // uPlot listens to mice only.
  host.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") return;
    const { left, top } = plot.over.getBoundingClientRect();
    plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  });
  host.addEventListener("blur", () => plot.setCursor({ left: -10, top: -10 }));
  const fit = (): void => {
    const { width, height } = size();
    if (host.clientWidth > 0 && (plot.width !== width || plot.height !== height)) plot.setSize({ width, height });
  };
  new ResizeObserver(fit).observe(host);
  tableOnDemand(figure, drawing.table);
  return { plot, fit, repaint: () => plot.redraw(false, true) };
}

/** Thousands of rows are made when somebody wants to see them. */
function tableOnDemand(figure: HTMLElement, table: () => HTMLTableElement): void {
  const details = within(figure, "details");
  details.addEventListener("toggle", () => {
    const frame = within(details, ".table-frame");
    if (frame.childElementCount === 0) frame.append(table());
  });
}

const PAGE = 30;

/** Where a key leads on a slider of `count` moments; undefined: nowhere, the key is somebody else's. */
function indexAfter(event: KeyboardEvent, index: number, count: number): number | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey) return undefined;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - PAGE,
    PageUp: index + PAGE,
    Home: 0,
    End: count - 1,
  };
  const target = steps[event.key];
  return target === undefined ? undefined : Math.max(0, Math.min(target, count - 1));
}

/** Tells a screen reader where on a slider one is. */
function describeSlider(host: HTMLElement, index: number, count: number, inWords: string): void {
  host.setAttribute("aria-valuemin", "1");
  host.setAttribute("aria-valuemax", String(Math.max(1, count)));
  host.setAttribute("aria-valuenow", String(index + 1));
  host.setAttribute("aria-valuetext", inWords);
}
