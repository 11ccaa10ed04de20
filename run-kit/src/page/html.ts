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
