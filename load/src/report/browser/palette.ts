/** The colours of the style sheet, which canvases cannot take from there by themselves. */
export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly limit: string;
  readonly lines: readonly string[];
}

/** As many as the style sheet has. */
export const LINE_COLOURS = 8;

export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    muted: colour("muted"),
    grid: colour("line"),
    limit: colour("limit"),
    lines: Array.from({ length: LINE_COLOURS }, (_, at) => colour(`line-${at + 1}`)),
  };
}
