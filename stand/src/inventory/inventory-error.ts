/** An inventory that cannot be used; the message names the file and every place in it that is wrong. */
export class InventoryError extends Error {
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super(`${file} cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "InventoryError";
    this.problems = problems;
  }
}
