import uPlot from "uplot";
import { DAY_MS } from "./calendar.ts";
import { CurvePlot, curveOptions, drawFreezingPoint, drawPoint, paint } from "./curve.ts";
import { dayAxes } from "./day-axis.ts";
import { nearest, type Reading, rangeOf } from "./figures.ts";
import type { Palette } from "./heat.ts";
import { degrees, type Speech } from "./language.ts";

const NARROW_PX = 560;

export interface ChartContent {
  readonly readings: readonly Reading[];
  /** Milliseconds. */
  readonly now: number;
  readonly speech: Speech;
}

/**
 * The large chart of one city. The host is a slider for keyboards and screen readers: its value is the reading under
 * the cursor.
 */
export class TemperatureChart extends CurvePlot {
  #index = 0;

  /** @param onReading gets the reading under the cursor, or the one nearest to now without a cursor. */
  constructor(
    host: HTMLElement,
    private content: ChartContent,
    palette: () => Palette,
    readonly onReading: (reading: Reading | undefined) => void,
  ) {
    super(host, palette);
    host.addEventListener("keydown", (event) => this.#onKey(event));
    host.addEventListener("focus", () => this.#moveTo(this.#index));
    host.addEventListener("blur", () => this.#leave());
    host.addEventListener("pointermove", (event) => this.#onTouch(event));
    this.show(content);
  }

  show(content: ChartContent): void {
    const sameReadings = this.plot !== undefined && content.readings === this.content.readings;
    const focusedOn = document.activeElement === this.host ? this.content.readings[this.#index] : undefined;
    this.content = content;
    this.draw(content.readings, sameReadings);
    this.host.hidden = content.readings.length === 0;
    if (focusedOn !== undefined) this.#moveTo(indexNearest(content.readings, focusedOn.time));
    else if (sameReadings && this.#hasCursor()) this.#announce(content.readings[this.#index]);
    else this.#leave();
  }

  protected size() {
    const width = Math.max(200, Math.floor(this.host.clientWidth));
    return { width, height: width < NARROW_PX ? 250 : 330 };
  }

  protected options(): Omit<uPlot.Options, "width" | "height"> {
    const { palette } = this;
    return {
      ...curveOptions(palette, 2.5),
      padding: [26, 14, 0, 0],
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        points: { size: 11, width: 2, stroke: () => palette().paper, fill: () => palette().ink },
      },
      axes: [
        ...dayAxes(() => this.content.speech.dates, palette),
        {
          scale: "y",
          side: 3,
          size: 46,
          gap: 6,
          font: "12px system-ui, sans-serif",
          stroke: () => palette().muted,
          space: 44,
          incrs: [1, 2, 5, 10, 20, 50, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000],
          values: (_plot, splits) => splits.map((value) => degrees(value)),
          grid: { stroke: () => palette().line, width: 1 },
          ticks: { show: false },
        },
      ],
      hooks: {
        drawClear: [(plot) => this.#drawPast(plot), (plot) => drawFreezingPoint(plot, palette())],
        draw: [(plot) => this.#drawMarks(plot)],
        setCursor: [(plot) => this.#onCursor(plot)],
      },
    };
  }

  /** Shades the past, and marks now with a line and its name. */
  #drawPast(plot: uPlot): void {
    const { left, top, width, height } = plot.bbox;
    const { gold, line } = this.palette();
    const place = plot.valToPos(this.content.now, "x", true);
    const inside = Math.min(Math.max(place, left), left + width);
    paint(plot, { globalAlpha: 0.35, fillStyle: line }, (ctx) => ctx.fillRect(left, top, inside - left, height));
    if (inside !== place) return;
    paint(plot, { strokeStyle: gold, lineWidth: 1.5 * uPlot.pxRatio }, (ctx) => {
      ctx.moveTo(place, top);
      ctx.lineTo(place, top + height);
      ctx.stroke();
    });
    write(plot, this.content.speech.words.now, place, top - 6 * uPlot.pxRatio, gold);
  }

  /** The lowest and the highest value, with their figures. */
  #drawMarks(plot: uPlot): void {
    const range = rangeOf(this.content.readings);
    if (range === undefined) return;
    const { ink, paper } = this.palette();
    const { lowest, highest } = range;
    for (const [reading, shift] of [
      [highest, -10],
      [lowest, 20],
    ] as const) {
      drawPoint(plot, reading, 4, ink, paper);
      const left = plot.valToPos(reading.time, "x", true);
      const top = plot.valToPos(reading.temperature, "y", true) + shift * uPlot.pxRatio;
      write(plot, degrees(reading.temperature), left, top, ink);
      if (lowest === highest) return;
    }
  }

  #onCursor(plot: uPlot): void {
    const { idx, left } = plot.cursor;
    if (idx === null || idx === undefined || left === undefined || left < 0) {
      if (document.activeElement !== this.host) this.#leave();
      return;
    }
    this.#index = idx;
    this.#announce(this.content.readings[idx]);
  }

  #leave(): void {
    const { readings, now } = this.content;
    this.#index = indexNearest(readings, now);
    if (this.#hasCursor()) this.plot?.setCursor({ left: -10, top: -10 }, false);
    this.#announce(readings[this.#index]);
  }

  #hasCursor(): boolean {
    return (this.plot?.cursor.left ?? -1) >= 0;
  }

  #announce(reading: Reading | undefined): void {
    const { readings, speech } = this.content;
    this.host.setAttribute("aria-valuemin", "1");
    this.host.setAttribute("aria-valuemax", String(Math.max(1, readings.length)));
    this.host.setAttribute("aria-valuenow", String(this.#index + 1));
    this.host.setAttribute("aria-valuetext", reading === undefined ? "" : readingInWords(reading, speech));
    this.onReading(reading);
  }

  #moveTo(index: number): void {
    const { readings } = this.content;
    const bounded = Math.min(Math.max(0, index), readings.length - 1);
    const reading = readings[bounded];
    if (reading === undefined || this.plot === undefined) return;
    const left = this.plot.valToPos(reading.time, "x");
    const top = this.plot.valToPos(reading.temperature, "y");
    this.plot.setCursor({ left, top }, false);
    this.#index = bounded;
    this.#announce(reading);
  }

  #onKey(event: KeyboardEvent): void {
    const target = this.#indexAfter(event.key);
    if (target === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#moveTo(target);
  }

  #indexAfter(key: string): number | undefined {
    const { readings } = this.content;
    const time = readings[this.#index]?.time ?? 0;
    const at = (distance: number): number => indexNearest(readings, time + distance);
    if (key === "ArrowLeft" || key === "ArrowDown") return this.#index - 1;
    if (key === "ArrowRight" || key === "ArrowUp") return this.#index + 1;
    if (key === "PageDown") return Math.min(this.#index - 1, at(-DAY_MS));
    if (key === "PageUp") return Math.max(this.#index + 1, at(DAY_MS));
    if (key === "Home") return 0;
    return key === "End" ? readings.length - 1 : undefined;
  }

  /** uPlot listens to mice only; this moves the cursor with a finger, too. */
  #onTouch(event: PointerEvent): void {
    if (event.pointerType === "mouse" || this.plot === undefined) return;
    const { left, top } = this.plot.over.getBoundingClientRect();
    this.plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  }
}

function write(plot: uPlot, text: string, place: number, baseline: number, fillStyle: string): void {
  const { left, width } = plot.bbox;
  const font = `600 ${12 * uPlot.pxRatio}px system-ui, sans-serif`;
  paint(plot, { font, textAlign: "center", textBaseline: "alphabetic", fillStyle }, (ctx) => {
    const half = ctx.measureText(text).width / 2;
    ctx.fillText(text, Math.min(Math.max(place, left + half), left + width - half), baseline);
  });
}

function indexNearest(readings: readonly Reading[], time: number): number {
  const reading = nearest(readings, time);
  return reading === undefined ? 0 : readings.indexOf(reading);
}

/** "Tue 24 Nov, 14:00: +3°, Chilly". */
function readingInWords(reading: Reading, speech: Speech): string {
  const text = `${speech.dates.moment(reading.time)}: ${degrees(reading.temperature)}`;
  return reading.summary === null ? text : `${text}, ${speech.words.summary(reading.summary)}`;
}
