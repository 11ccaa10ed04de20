import { visible } from "../visible.ts";
import { redrawLine, type Screen } from "./output.ts";

/** Between two updates of a running step's seconds. */
const REDRAW_MS = 500;

/**
 * Shows steps, their details and how long they take: on a terminal one line per step, redrawn; elsewhere plain lines with the seconds since the start.
 */
export class Progress {
  readonly #screen: Screen;
  readonly #started = performance.now();

  constructor(screen: Screen = process.stderr) {
    this.#screen = screen;
  }

  /** Runs one step; `log` shows what happens in it. */
  async step<Result>(title: string, work: (log: (detail: string) => void) => Promise<Result>): Promise<Result> {
    const started = performance.now();
    let detail = "";
    const draw = (mark: string): void =>
      redrawLine(this.#screen, `${mark} ${title}  ${seconds(started)} s${detail ? `  ${detail}` : ""}`);
    const show = (text: string): void => (this.#screen.isTTY ? draw("…") : this.#plain(text));
    show(title);
    const redrawing = this.#screen.isTTY ? setInterval(draw, REDRAW_MS, "…") : undefined;
    let mark = "✗";
    try {
      const result = await work((next) => {
        if (detail === next) return;
        detail = next;
        show(`  ${detail}`);
      });
      [mark, detail] = ["✓", ""];
      return result;
    } finally {
      clearInterval(redrawing);
      if (this.#screen.isTTY) {
        draw(mark);
        this.#screen.write("\n");
      } else if (mark !== "✓") this.#plain(`${title}: failed`);
    }
  }

  /** One line between steps. */
  log(text: string): void {
    if (this.#screen.isTTY) this.#screen.write(`  ${visible(text)}\n`);
    else this.#plain(text);
  }

  #plain(text: string): void {
    this.#screen.write(`[${seconds(this.#started).padStart(6)} s] ${visible(text)}\n`);
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
