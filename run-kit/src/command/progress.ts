import { visible } from "../visible.ts";
import { redrawLine, type Screen } from "./output.ts";

/** Between two updates of a running step's seconds. */
const REDRAW_MS = 500;

/** Shows steps, their details and their time: on a terminal one line each, redrawn; elsewhere plain lines with the seconds since the start. */
export function startProgress(screen: Screen = process.stderr) {
  const begin = performance.now();
  const plain = (text: string): void => void screen.write(`[${seconds(begin).padStart(6)} s] ${visible(text)}\n`);
  return {
    /** Runs one step; `log` shows what happens in it. */
    async step<Result>(title: string, work: (log: (detail: string) => void) => Promise<Result>): Promise<Result> {
      const started = performance.now();
      let detail = "";
      const draw = (mark: string): void =>
        redrawLine(screen, `${mark} ${title}  ${seconds(started)} s${detail ? `  ${detail}` : ""}`);
      const show = (text: string): void => (screen.isTTY ? draw("…") : plain(text));
      show(title);
      const redrawing = screen.isTTY ? setInterval(draw, REDRAW_MS, "…") : undefined;
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
        if (screen.isTTY) {
          draw(mark);
          screen.write("\n");
        } else if (mark !== "✓") plain(`${title}: failed`);
      }
    },
    /** One line between steps. */
    log: (text: string): void => void (screen.isTTY ? screen.write(`  ${visible(text)}\n`) : plain(text)),
  };
}
export type Progress = ReturnType<typeof startProgress>;

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
