import { escapeText } from "./html.ts";

// What XML 1.0 cannot hold in any form: most control characters, halves of surrogate pairs, U+FFFE and U+FFFF.
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** For text and for values of attributes in quotes; what cannot be said in XML becomes U+FFFD. */
export function escapeXml(text: string): string {
  return escapeText(text.replace(NOT_IN_XML, "\ufffd")).replace(/[\n\r\t]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** With a space before each, for an opening tag. */
export function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}
