import type { Chart } from "../page/chart.ts";
import { element } from "./element.ts";
import { LINE_COLOURS } from "./palette.ts";
import { shown } from "./shown.ts";

/** Names the lines, shows their values under the cursor, and hides a line when it is pressed. */
export class Legend {
  readonly #chart: Chart;
  readonly #values: readonly HTMLElement[];

  constructor(list: HTMLElement, chart: Chart, onSwitch: (line: number, isShown: boolean) => void) {
    this.#chart = chart;
    this.#values = chart.lines.map(({ name, colour }, at) => {
      const value = element("span", { class: "legend-value" });
      const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = `var(--line-${((colour ?? at) % LINE_COLOURS) + 1})`;
      const button = element("button", { type: "button", "aria-pressed": "true" }, swatch, name, " ", value);
      button.addEventListener("click", () => {
        const isShown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isShown));
        onSwitch(at, isShown);
      });
      list.append(element("li", {}, button));
      return value;
    });
  }

  /** @param index of the moment under the cursor; undefined: none */
  show(index: number | undefined): void {
    for (const [at, value] of this.#values.entries())
      value.textContent = index === undefined ? "" : shown(this.#chart.lines[at]?.values[index], this.#chart.y.unit);
  }
}
