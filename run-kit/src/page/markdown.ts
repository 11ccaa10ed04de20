/** Text that Markdown shows as it is, on one line: nothing in it is markup, a link, HTML or the end of a cell. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replace(/\s+/g, " ")
      .trim()
      .replace(/[\\`*_[\]|~]/g, "\\$&")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      // Only at the beginning of a line do these mean something.
      .replace(/^[#+=-]/, "\\$&")
      .replace(/^(\d+)([.)])(?=\s|$)/, "$1\\$2")
  );
}

/** @param cells not escaped yet */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const rule = `| ${header.map(() => "---").join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}
