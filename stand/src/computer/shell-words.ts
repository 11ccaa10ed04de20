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
  const words: string[] = [];
  let word: string | undefined;
  let index = 0;

  const quoted = (quote: string): string => {
    let text = "";
    for (index += 1; index < line.length; index += 1) {
      const character = line.charAt(index);
      if (character === quote) return text;
      const next = line.charAt(index + 1);
      if (quote === '"' && character === "\\" && (next === '"' || next === "\\")) {
        text += next;
        index += 1;
      } else text += character;
    }
    throw new SyntaxError(`a quote ${quote} is not closed`);
  };

  for (; index < line.length; index += 1) {
    const character = line.charAt(index);
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'" || character === '"') {
      word = (word ?? "") + quoted(character);
    } else if (character === "\\") {
      index += 1;
      if (index === line.length) throw new SyntaxError("a backslash at the end has nothing to escape");
      word = (word ?? "") + line.charAt(index);
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
