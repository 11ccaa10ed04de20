import type { Timeline } from "../page/chart.ts";
import { timelineTable } from "./data-table.ts";
import { element, within } from "./element.ts";
import type { Palette } from "./palette.ts";
import { spokenStates, statesAt } from "./shown.ts";
import { changesOf, timelineHeight, timelineOptions } from "./timeline-options.ts";
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
