/** Where a command shows what it does. Standard output is kept for results, progress goes to standard error. */
export interface Output {
  /** A line of progress that stays. */
  log(text: string): void;
  /** What is happening at this moment: on a terminal one line that is redrawn, elsewhere a line now and then. */
  live(text: string): void;
  /** A line of the result. */
  result(text: string): void;
}

export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Between two live lines where nothing can be redrawn. */
const PLAIN_LIVE_EVERY_MS = 5_000;

/** Replaces the current line of a terminal; a longer text is cut to its width. */
export function redrawLine(screen: Screen, text: string): void {
  const columns = Math.max(20, (screen.columns || 80) - 1);
  screen.write(`\r\u001b[2K${text.length > columns ? `${text.slice(0, columns - 1)}…` : text}`);
}

export class TerminalOutput implements Output {
  readonly #screen: Screen;
  readonly #results: Screen;
  readonly #withTime: boolean;
  #isLive = false;
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  /** @param withTime logged lines begin with the time of day, UTC */
  constructor({ screen = process.stderr as Screen, results = process.stdout as Screen, withTime = false } = {}) {
    this.#screen = screen;
    this.#results = results;
    this.#withTime = withTime;
  }

  log(text: string): void {
    this.#endLive();
    this.#screen.write(`${this.#withTime ? `${new Date().toISOString().slice(11, 19)} ` : ""}${text}\n`);
  }

  live(text: string): void {
    if (this.#screen.isTTY) {
      redrawLine(this.#screen, text);
      this.#isLive = true;
      return;
    }
    const now = performance.now();
    if (now - this.#lastPlainAt < PLAIN_LIVE_EVERY_MS) return;
    this.#lastPlainAt = now;
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

/** Rows with the cells of each column below each other. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const padded = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  return padded.map((cells) => cells.join("  ").trimEnd()).join("\n");
}
