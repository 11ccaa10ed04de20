/**
 * Text from outside (machines, services, files) as a terminal may show it: escape sequences, other control characters and those that change the
 * direction of writing become visible escapes, which in JSON mean the same. Ends of lines and tabs stay.
 */
export const visible = (text: string): string =>
  text.replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, escaped);

/** The same for a text that is part of a line: it cannot end the line, and so not write one that looks like ring's own. */
export const oneLine = (text: string): string => visible(text.trimEnd().replaceAll("\n", "\\n").replaceAll("\t", " "));

const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
