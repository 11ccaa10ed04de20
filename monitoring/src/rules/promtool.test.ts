import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { runProgram } from "@goldenring/stand";
import { RULES_FOLDER } from "./read-rules.ts";

/** Prometheus' own judgement. In CI its absence is a failure, elsewhere these tests are left out. */
const isRequired = process.env.GOLDENRING_REQUIRE_PROMTOOL === "1";
const isThere = (await runProgram(["promtool", "--version"], { deadlineMs: 10_000 })).code === 0;
const WITHOUT = "promtool is not installed (Debian: apt-get install --no-install-recommends prometheus)";

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".yml"))
    .sort()
    .map((file) => join(folder, file));

async function promtool(...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProgram(["promtool", ...args], { deadlineMs: 120_000 });
  if (code !== 0) throw new Error(`promtool ${args.slice(0, 2).join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
}

test.skipIf(!isRequired)("promtool is there where it is required", () => {
  expect(isThere ? "promtool" : WITHOUT).toBe("promtool");
});

describe.skipIf(!isThere)(isThere ? "promtool" : `left out: ${WITHOUT}`, () => {
  test("takes every rule file for good", async () => {
    await promtool("check", "rules", ...filesIn(RULES_FOLDER));
  }, 130_000);

  const unitTests = filesIn(join(RULES_FOLDER, "tests")).map((file) => [basename(file), file] as const);
  test.each(unitTests)(
    "finds that %s holds",
    async (_, file) => {
      await promtool("test", "rules", file);
    },
    130_000,
  );
});
