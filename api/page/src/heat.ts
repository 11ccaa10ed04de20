/** The colours of temperatures: from blue over grey to amber and brick, taken from the style sheet's variables. */

const STOPS = [
  { at: -15, name: "--cold" },
  { at: 0, name: "--mild" },
  { at: 15, name: "--warm" },
  { at: 30, name: "--hot" },
] as const;

/** A CSS colour for a temperature in degrees Celsius; it follows the theme, as its ends are CSS variables. */
export function heatColour(temperature: number): string {
  let below: (typeof STOPS)[number] = STOPS[0];
  for (const stop of STOPS) {
    if (temperature < stop.at) {
      const share = Math.round(((temperature - below.at) / (stop.at - below.at || 1)) * 100);
      return `color-mix(in oklab, var(${stop.name}) ${Math.max(0, share)}%, var(${below.name}))`;
    }
    below = stop;
  }
  return `var(${below.name})`;
}

export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly gold: string;
  readonly paper: string;
  readonly heat: ReadonlyArray<{ readonly at: number; readonly colour: string }>;
}

/** The colours a canvas needs, as the present theme sets them. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ink: colour("--ink"),
    muted: colour("--muted"),
    line: colour("--line"),
    gold: colour("--gold"),
    paper: colour("--card"),
    heat: STOPS.map(({ at, name }) => ({ at, colour: colour(name) })),
  };
}
