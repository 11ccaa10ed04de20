/** Text that is markup already. Everything else that gets into a page is escaped on its way. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Content = Markup | string | number | undefined | false | readonly Content[];

/** A template of markup: what is put into it is escaped, lists are put in one after another, undefined and false are left out. */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(template.map((text, at) => (at === 0 ? text : rendered(contents[at - 1]) + text)).join(""));
}

function rendered(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (content === undefined || content === false) return "";
  if (typeof content === "object") return content.map(rendered).join("");
  return escapeText(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text and for values of attributes in quotes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}

/** JSON that stands in a script element: no `</script>` in a text can end it. */
export function jsonForScript(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

/** A name, or a name over numbers, which stand to the right. */
export type Column = string | { readonly number: string };

export function numbers(...names: readonly string[]): Column[] {
  return names.map((number) => ({ number }));
}

/** A table with a caption for screen readers, in a frame that scrolls by itself on small screens. The first cell names its row. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Markup {
  return html`<div class="table-frame" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col"${numberClass(column)}>${typeof column === "string" ? column : column.number}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map((cell, at) => tableCell(cell, at, columns[at]))}</tr>\n`)}</tbody>
</table>
</div>
`;
}

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

/** A part of a page, with a heading that a link can lead to. */
export function section(id: string, title: string, ...contents: readonly Content[]): Markup {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${contents}</section>`;
}

/** A section that is one table, named by its heading; none without rows. */
export function tableSection(
  id: string,
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Content {
  return rows.length > 0 && section(id, title, table(title, columns, rows));
}

/** Good or bad: the words tell it, the colour only repeats it. */
export function marked(words: string, isGood: boolean): Markup {
  return html`<span class="${isGood ? "good" : "bad"}">${words}</span>`;
}

/** Links to files in the folder of the page, which stay links when the folder is moved. */
export function fileList(files: readonly (readonly [path: string, about?: string])[]): Content {
  const address = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
  const items = files.map(
    ([path, about]) => html`<li><a href="./${address(path)}">${path}</a>${about && `: ${about}`}</li>\n`,
  );
  return section("files", "Files in the folder of this page", html`<ul>\n${items}</ul>`);
}

function tableCell(cell: Content, at: number, column: Column | undefined): Markup {
  return at === 0 ? html`<th scope="row">${cell}</th>` : html`<td${numberClass(column)}>${cell}</td>`;
}

function numberClass(column: Column | undefined): Content {
  return typeof column === "object" && html` class="number"`;
}
