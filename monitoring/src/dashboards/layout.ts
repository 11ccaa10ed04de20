import type { Dashboard, Panel } from "./panels.ts";

/** In Grafana's grid of 24 columns. */
interface Position {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Ids are numbers from 1 on, in reading order: links to a panel stay right as long as nothing is put before it. */
export type Placed =
  | { readonly kind: "row"; readonly id: number; readonly title: string; readonly position: Position }
  | { readonly kind: "panel"; readonly id: number; readonly panel: Panel; readonly position: Position };

const COLUMNS = 24;
const HEIGHTS: Readonly<Record<Panel["look"], number>> = { number: 4, lines: 8, states: 6 };

/** Puts the panels of each section below its title, from left to right, and begins a new line where one is full. */
export function layOut(sections: Dashboard["sections"]): readonly Placed[] {
  const placed: Placed[] = [];
  let y = 0;
  for (const [title, panels] of Object.entries(sections)) {
    placed.push({ kind: "row", id: placed.length + 1, title, position: { x: 0, y, w: COLUMNS, h: 1 } });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      const h = HEIGHTS[panel.look];
      placed.push({ kind: "panel", id: placed.length + 1, panel, position: { x, y, w: panel.width, h } });
      x += panel.width;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return placed;
}
