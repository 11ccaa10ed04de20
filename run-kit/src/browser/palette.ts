import { TONES, type Tone } from "../page/chart.ts";

/** Names of colours in the style sheet, which canvases cannot take from there by themselves. */
const COLOURS = { ink: "ink", muted: "muted", grid: "line", card: "card", limit: "limit", band: "band" } as const;

export interface Palette extends Readonly<Record<keyof typeof COLOURS, string>> {
  readonly lines: readonly string[];
  readonly tones: Readonly<Record<Tone, { readonly fill: string; readonly text: string }>>;
}

/** As many as the style sheet has. */
export const LINE_COLOURS = 8;

export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const tones = TONES.map((name) => [name, { fill: colour(`tone-${name}`), text: colour(`on-${name}`) }]);
  return {
    ...(Object.fromEntries(Object.entries(COLOURS).map(([name, of]) => [name, colour(of)])) as Record<
      keyof typeof COLOURS,
      string
    >),
    lines: Array.from({ length: LINE_COLOURS }, (_, at) => colour(`line-${at + 1}`)),
    tones: Object.fromEntries(tones),
  };
}
