import { type Content, html, type Markup } from "./html.ts";

export interface Column {
  readonly name: string;
  /** Stands to the right. */
  readonly isNumber?: boolean;
}

/** A table with a caption for screen readers, in a frame that scrolls by itself on small screens. The first cell names its row. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Markup {
  return html`<div class="table-frame" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ name, isNumber }) => html`<th scope="col"${numberClass(isNumber)}>${name}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map((cell, at) => tableCell(cell, at, columns[at]))}</tr>\n`)}</tbody>
</table>
</div>
`;
}

/** Two columns of names and facts. */
export function factTable(caption: string, facts: readonly (readonly [string, Content])[]): Markup {
  return html`<div class="table-frame facts">
<table>
<caption>${caption}</caption>
<tbody>
${facts.map(([name, fact]) => html`<tr><th scope="row">${name}</th><td>${fact}</td></tr>\n`)}</tbody>
</table>
</div>
`;
}

function tableCell(cell: Content, at: number, column: Column | undefined): Markup {
  return at === 0 ? html`<th scope="row">${cell}</th>` : html`<td${numberClass(column?.isNumber)}>${cell}</td>`;
}

function numberClass(isNumber: boolean | undefined): Content {
  return isNumber && html` class="number"`;
}
