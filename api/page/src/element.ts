type Attributes = Readonly<Record<string, string | number>>;
type Children = readonly (Node | string)[];

/**
 * Makes an element with attributes and children. Text always becomes a text node: anyone who may write to
 * the API chooses names and summaries.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes?: Attributes,
  ...children: Children
) {
  return fill(document.createElement(tag), attributes, children);
}

export function svgElement<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes?: Attributes,
  ...children: Children
) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<Made extends Element>(made: Made, attributes: Attributes = {}, children: Children): Made {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** Writes a text only if it differs, so that screen readers do not repeat it. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** @throws {Error} when the page has no such element: page and script do not match. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element #${id}`);
  return found;
}
