import { redrawLine, type Screen } from "./output.ts";

/** Between two updates of a running step's seconds. */
const REDRAW_MS = 500;

/**
 * Shows steps, their details and how long they take: on a terminal one line per step, redrawn; elsewhere plain lines with the seconds since the start.
 */
export class Progress {
  readonly #screen: Screen;
  readonly #started = performance.now();
  #line: { readonly title: string; detail: string; readonly started: number } | undefined;

  constructor(screen: Screen = process.stderr) {
    this.#screen = screen;
  }

  /** Runs one step; `log` shows what happens in it. */
  async step<Result>(title: string, work: (log: (detail: string) => void) => Promise<Result>): Promise<Result> {
    const line = { title, detail: "", started: performance.now() };
    this.#line = line;
    this.#begin();
    const redrawing = this.#screen.isTTY ? setInterval(() => this.#draw("…"), REDRAW_MS) : undefined;
    let mark = "✗";
    try {
      const result = await work((detail) => {
        if (line.detail === detail) return;
        line.detail = detail;
        this.#detail(detail);
      });
      mark = "✓";
      return result;
    } finally {
      clearInterval(redrawing);
      this.#end(mark);
      this.#line = undefined;
    }
  }

  /** One line between steps. */
  log(text: string): void {
    this.#screen.write(this.#screen.isTTY ? `  ${text}\n` : `${this.#clock()} ${text}\n`);
  }

  #begin(): void {
    if (this.#screen.isTTY) this.#draw("…");
    else this.#screen.write(`${this.#clock()} ${this.#line?.title}\n`);
  }

  #detail(detail: string): void {
    if (this.#screen.isTTY) this.#draw("…");
    else this.#screen.write(`${this.#clock()}   ${detail}\n`);
  }

  #end(mark: string): void {
    if (this.#line && mark === "✓") this.#line.detail = "";
    if (this.#screen.isTTY) {
      this.#draw(mark);
      this.#screen.write("\n");
    } else if (mark !== "✓") this.#screen.write(`${this.#clock()} ${this.#line?.title}: failed\n`);
  }

  #draw(mark: string): void {
    if (this.#line === undefined) return;
    const { title, detail, started } = this.#line;
    redrawLine(this.#screen, `${mark} ${title}  ${seconds(started)} s${detail ? `  ${detail}` : ""}`);
  }

  #clock(): string {
    return `[${seconds(this.#started).padStart(6)} s]`;
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
