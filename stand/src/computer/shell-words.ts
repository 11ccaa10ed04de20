/** Quotes a word so that a POSIX shell reads it as exactly this word. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Splits a line into words by a POSIX shell's quoting, without expanding anything: what Ansible does (Python's shlex.split)
 * with `ansible_ssh_common_args`.
 *
 * @throws {SyntaxError} at a quote that is not closed, or a backslash at the end
 */
export function shellWords(line: string): string[] {
  const unquote = (part: string, single?: string, double?: string, escaped?: string): string => {
    if (part === "'" || part === '"') throw new SyntaxError(`a quote ${part} is not closed`);
    if (part === "\\") throw new SyntaxError("a backslash at the end has nothing to escape");
    return single ?? double?.replace(/\\(["\\])/g, "$1") ?? escaped ?? part;
  };
  return [...line.matchAll(WORD)].map(([word]) => word.replace(PART, unquote));
}

const PARTS = String.raw`'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|[^\s'"\\]+|['"\\]`;
const PART = new RegExp(PARTS, "g");
const WORD = new RegExp(`(?:${PARTS})+`, "g");
