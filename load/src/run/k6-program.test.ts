import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, EXIT } from "@goldenring/run-kit";
import { findK6 } from "./k6-program.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-k6-"));
afterAll(() => rmSync(folder, { recursive: true }));

function program(name: string, says: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(file, 0o755);
  return file;
}

async function refusal(environment: NodeJS.ProcessEnv): Promise<string> {
  const error = await findK6(environment).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CommandError);
  expect((error as CommandError).exitCode).toBe(EXIT.k6Missing);
  return (error as CommandError).message;
}

test("the k6 that is named comes before the one in PATH", async () => {
  program("k6", "k6 v1.8.1 (go1.26, linux/amd64)");
  const other = program("other", "k6 v2.0.0 (go1.26, linux/amd64)");
  expect(await findK6({ PATH: folder })).toEqual({ path: join(folder, "k6"), version: "1.8.1" });
  expect(await findK6({ PATH: folder, GOLDENRING_K6: other })).toEqual({ path: other, version: "2.0.0" });
});

test("without a k6 the message says how to get one", async () => {
  expect(await refusal({ PATH: "", GOPATH: "/nowhere" })).toContain("go install go.k6.io/k6@v1.8.1");
});

test("what is no k6, or too old, is refused by name", async () => {
  expect(await refusal({ GOLDENRING_K6: program("not", "hello") })).toContain(`is not k6: it prints "hello"`);
  expect(await refusal({ GOLDENRING_K6: program("old", "k6 v0.49.0 (go1.21)") })).toContain(
    "is k6 0.49.0; 1.0 or newer",
  );
  expect(await refusal({ GOLDENRING_K6: join(folder, "nothing") })).toContain("which is no program");
});
