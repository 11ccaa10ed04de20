import { createInterface } from "node:readline/promises";
import { oneLine, visible } from "../visible.ts";

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

/** Writes to standard output, and `printError` to standard error. */
export const print = (text: string): void => void process.stdout.write(visible(text));
export const printError = (text: string): void => void process.stderr.write(visible(text));

/** Between two live lines where nothing can be redrawn. */
const PLAIN_LIVE_EVERY_MS = 5_000;

/** Replaces the current line of a terminal; a longer text is cut to its width. */
export function redrawLine(screen: Screen, text: string): void {
  const columns = Math.max(20, (screen.columns || 80) - 1);
  const line = oneLine(text);
  screen.write(`\r\u001b[2K${line.length > columns ? `${line.slice(0, columns - 1)}…` : line}`);
}

/** @param options its `withTime`: logged lines begin with the time of day, UTC */
export function terminalOutput(options: { screen?: Screen; results?: Screen; withTime?: boolean } = {}): Output {
  const { screen = process.stderr, results = process.stdout, withTime = false } = options;
  let isLive = false;
  let lastPlainAt = Number.NEGATIVE_INFINITY;
  const endLive = (): void => {
    if (isLive) screen.write("\n");
    isLive = false;
  };
  return {
    log(text) {
      endLive();
      screen.write(`${withTime ? `${new Date().toISOString().slice(11, 19)} ` : ""}${visible(text)}\n`);
    },
    live(text) {
      if (screen.isTTY) {
        redrawLine(screen, text);
        isLive = true;
        return;
      }
      const now = performance.now();
      if (now - lastPlainAt < PLAIN_LIVE_EVERY_MS) return;
      lastPlainAt = now;
      screen.write(`${visible(text)}\n`);
    },
    result(text) {
      endLive();
      results.write(`${visible(text)}\n`);
    },
  };
}

/** Rows as lines, with the cells of each column below each other; empty columns are left out. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(oneLine));
  const count = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...cells.map((row) => (row[at] ?? "").length)));
  return cells.map((row) =>
    widths
      .flatMap((width, at) => (width === 0 ? [] : [(row[at] ?? "").padEnd(width)]))
      .join("  ")
      .trimEnd(),
  );
}

/** Asks at the terminal. @returns false where there is none, and for any answer but yes */
export async function askYes(question: string, signal: AbortSignal, yes = "yes"): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it reads a line, the terminal gives Ctrl-C to readline and to nobody else.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return (await terminal.question(`${question} Type ${yes}: `, { signal })).trim() === yes;
  } finally {
    terminal.close();
  }
}
