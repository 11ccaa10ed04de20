/** Where a command shows what it does; standard output is kept for results. */
export interface Output {
  /** One line that stays. */
  say(text: string): void;
  /** What is going on right now: on a terminal one line that is redrawn, elsewhere a line now and then. */
  live(text: string): void;
  /** A line of the result. */
  result(text: string): void;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Between two live lines where nothing can be redrawn, ms. */
const PLAIN_EVERY_MS = 5_000;

export class TerminalOutput implements Output {
  readonly #screen: Screen;
  readonly #results: Screen;
  #isLive = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen = process.stderr, results: Screen = process.stdout) {
    this.#screen = screen;
    this.#results = results;
  }

  say(text: string): void {
    this.#endLive();
    this.#screen.write(`${text}\n`);
  }

  live(text: string): void {
    if (this.#screen.isTTY) {
      const room = Math.max(20, (this.#screen.columns || 80) - 1);
      this.#screen.write(`\r\u001b[2K${text.length > room ? `${text.slice(0, room - 1)}…` : text}`);
      this.#isLive = true;
      return;
    }
    const now = performance.now();
    if (now - this.#toldAt < PLAIN_EVERY_MS) return;
    this.#toldAt = now;
    this.#screen.write(`${text}\n`);
  }

  result(text: string): void {
    this.#endLive();
    this.#results.write(`${text}\n`);
  }

  #endLive(): void {
    if (this.#isLive) this.#screen.write("\n");
    this.#isLive = false;
  }
}
