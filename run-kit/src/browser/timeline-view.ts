import uPlot from "uplot";
import type { Timeline } from "../page/chart.ts";
import { timelineTable } from "./data-table.ts";
import { element, within } from "./element.ts";
import type { Palette } from "./palette.ts";
import { spokenStates, statesAt } from "./shown.ts";
import { describeSlider, indexAfter } from "./slider.ts";
import { changesOf, timelineHeight, timelineOptions } from "./timeline-options.ts";
import { attach, fitInto, tableOnDemand, type View, widthOf } from "./view.ts";

/** Lanes. Arrow keys go from change to change; a mouse shows any moment. */
export class TimelineView implements View {
  readonly #timeline: Timeline;
  readonly #host: HTMLElement;
  readonly #plot: uPlot;
  readonly #changes: readonly number[];
  readonly #states: readonly HTMLElement[];
  #index = 0;

  constructor(figure: HTMLElement, timeline: Timeline, palette: () => Palette) {
    this.#timeline = timeline;
    this.#host = within(figure, ".plot");
    this.#changes = changesOf(timeline);
    this.#states = timeline.lanes.map(() => element("span", { class: "legend-value" }));
    const list = within(figure, ".legend");
    list.classList.add("states");
    for (const [at, { name }] of timeline.lanes.entries())
      list.append(element("li", {}, `${name}: `, this.#states[at] ?? ""));
    const size = { width: widthOf(this.#host), height: timelineHeight(timeline) };
    const nothing = this.#changes.map(() => null);
    this.#plot = new uPlot(
      { ...timelineOptions(timeline, palette), ...size },
      [[...this.#changes], nothing],
      this.#host,
    );
    this.#plot.hooks.setCursor = [() => this.#onCursor()];
    this.#show(timeline.x.from);
    this.#host.addEventListener("keydown", (event) => this.#onKey(event));
    attach(this.#plot, this.#host, this);
    tableOnDemand(figure, () => timelineTable(timeline));
  }

  fit(): void {
    fitInto(this.#plot, this.#host, timelineHeight(this.#timeline));
  }

  repaint(): void {
    this.#plot.redraw(false, true);
  }

  #onCursor(): void {
    const { left = -1 } = this.#plot.cursor;
    if (left < 0) return;
    const at = this.#plot.posToVal(left, "x");
    this.#index = Math.max(
      0,
      this.#changes.findLastIndex((change) => change <= at),
    );
    this.#show(at);
  }

  #onKey(event: KeyboardEvent): void {
    const target = indexAfter(event, this.#index, this.#changes.length);
    if (target === undefined) return;
    event.preventDefault();
    const at = this.#changes[target] ?? 0;
    this.#plot.setCursor({ left: this.#plot.valToPos(at, "x"), top: 0 });
    // A pixel can be on either side of the change.
    this.#index = target;
    this.#show(at);
  }

  #show(at: number): void {
    for (const [lane, { state }] of statesAt(this.#timeline, at).entries()) {
      const shown = this.#states[lane];
      if (shown) shown.textContent = state ?? "–";
    }
    describeSlider(this.#host, this.#index, this.#changes.length, spokenStates(this.#timeline, at));
  }
}
