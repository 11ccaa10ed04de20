import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Compares a generated part of a page in docs/ with its source. When they differ, the page is rewritten and the test fails once, so that the change is seen
 * and committed.
 *
 * @param page such as `ring.md`; it has the lines `<!-- NAME: begin ... -->` and `<!-- NAME: end -->`
 * @param rows of a table, its header first
 */
export function expectTableInDocs(page: string, name: string, rows: readonly (readonly string[])[]): void {
  const file = join(import.meta.dir, "docs", page);
  const [header = [], ...body] = rows;
  const lines = [header, header.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`);
  const part = new RegExp(`(<!-- ${name}: begin .*-->\\n)[\\s\\S]*?(?=<!-- ${name}: end -->)`);
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(part);
  const current = text.replace(part, (_, begin: string) => `${begin}\n${lines.join("\n")}\n\n`);
  if (text === current) return;
  writeFileSync(file, current);
  throw new Error(`docs/${page} differed from the source of its table "${name}". It is rewritten: commit it.`);
}
