import { describe, test } from "bun:test";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { runProgram } from "@goldenring/stand";
import { hasProgram } from "../../../skips.fixture.ts";
import { RULES_FOLDER } from "./read-rules.ts";

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".yml"))
    .sort()
    .map((file) => join(folder, file));

async function promtool(...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProgram(["promtool", ...args], { deadlineMs: 120_000 });
  if (code !== 0) throw new Error(`promtool ${args.slice(0, 2).join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
}

describe.skipIf(!hasProgram("promtool"))("promtool", () => {
  test("accepts every rule file", async () => {
    await promtool("check", "rules", ...filesIn(RULES_FOLDER));
  }, 130_000);

  const unitTests = filesIn(join(RULES_FOLDER, "tests")).map((file) => [basename(file), file] as const);
  test.each(unitTests)(
    "passes the tests of %s",
    async (_, file) => {
      await promtool("test", "rules", file);
    },
    130_000,
  );
});
