import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles, ROOM } from "./build.ts";

describe("the generated files", () => {
  test.each(generatedFiles().map(({ path, text }) => [path, text] as const))(
    "%s: the committed one is what the build makes",
    (path, text) => {
      const file = join(ROOM, path);
      if (existsSync(file) && readFileSync(file, "utf8") === text) return;
      throw new Error(`monitoring/${path} is not what the build makes: run \`npm run dashboards\` and commit it.`);
    },
  );

  test("include every committed dashboard (else delete the file in monitoring/dashboards/)", () => {
    const committed = readdirSync(join(ROOM, "dashboards")).map((file) => `dashboards/${file}`);
    const generated = generatedFiles().map(({ path }) => path);
    expect(committed.toSorted()).toEqual(generated.filter((path) => path.startsWith("dashboards/")).toSorted());
  });

  test("are the same each time", () => {
    expect(generatedFiles()).toEqual(generatedFiles());
  });
});
