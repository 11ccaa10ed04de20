import type { Tone } from "../page/chart.ts";

/** The colours of the style sheet, which canvases cannot take from there by themselves. */
export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly card: string;
  readonly limit: string;
  readonly band: string;
  readonly lines: readonly string[];
  readonly tones: Readonly<Record<Tone, { readonly fill: string; readonly text: string }>>;
}

/** As many as the style sheet has. */
export const LINE_COLOURS = 8;

export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const tone = (name: Tone) => ({ fill: colour(`tone-${name}`), text: colour(`on-${name}`) });
  return {
    ink: colour("ink"),
    muted: colour("muted"),
    grid: colour("line"),
    card: colour("card"),
    limit: colour("limit"),
    band: colour("band"),
    lines: Array.from({ length: LINE_COLOURS }, (_, at) => colour(`line-${at + 1}`)),
    tones: {
      steady: tone("steady"),
      ready: tone("ready"),
      degraded: tone("degraded"),
      bad: tone("bad"),
      unknown: tone("unknown"),
    },
  };
}
