import { escapeMarkdown } from "./markdown.ts";

export interface ResultsPage {
  readonly title: string;
  /** The command that writes the page. */
  readonly writtenBy: string;
  /** What a person typed to measure the entries. */
  readonly commands: readonly string[];
  /** Date, commit, computer of each entry. */
  readonly facts: readonly string[];
  /** Markdown. */
  readonly body: readonly string[];
}

/** A page of docs/results. */
export function resultsPage({ title, writtenBy, commands, facts, body }: ResultsPage): string {
  return [
    `# Results: ${title}`,
    "",
    `Written by \`${writtenBy}\`; do not edit. Measured with:`,
    "",
    ...[...new Set(commands)].map((command) => `    ${command.replace(/\s+/g, " ")}`),
    "",
    ...[...new Set(facts)].map((fact) => `- ${escapeMarkdown(fact)}`),
    "",
    ...body,
  ].join("\n");
}
