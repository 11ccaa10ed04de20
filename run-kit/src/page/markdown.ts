import { visible } from "../visible.ts";

/** Text that Markdown shows as it is, on one line: nothing in it is markup, a link, HTML, the end of a cell or, in a terminal, an escape sequence. */
export function escapeMarkdown(text: string): string {
  return (
    visible(text.replace(/\s+/g, " "))
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

interface ResultsPage {
  readonly title: string;
  readonly writtenBy: string;
  /** What a person typed to measure the entries. */
  readonly commands: readonly string[];
  /** Date, commit, computer of each entry. */
  readonly facts: readonly string[];
  readonly body: readonly string[];
}

export function resultsPage({ title, writtenBy, commands, facts, body }: ResultsPage): string {
  return [
    `# Results: ${title}`,
    "",
    `Written by \`${writtenBy}\`; do not edit. Measured with:`,
    "",
    ...[...new Set(commands)].map((command) => `    ${visible(command.replace(/\s+/g, " "))}`),
    "",
    ...[...new Set(facts)].map((fact) => `- ${escapeMarkdown(fact)}`),
    "",
    ...body,
  ].join("\n");
}
