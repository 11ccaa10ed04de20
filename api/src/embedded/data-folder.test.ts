import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { throwawayFolder } from "../../test/throwaway/folder.ts";
import { claimFolder } from "./data-folder.ts";

function newFolder() {
  const path = throwawayFolder("claim");
  mkdirSync(path);
  return { path, url: join(path, "database-url") };
}

test("a folder has one claimant until it is released", () => {
  const folder = newFolder();
  const release = claimFolder(folder);
  expect(() => claimFolder(folder)).toThrow(`process ${process.pid} runs it`);
  release();
  expect(() => claimFolder(folder)).not.toThrow();
});

test("what an earlier process left in the folder is no claim, even when its process id now belongs to another", () => {
  const folder = newFolder();
  writeFileSync(join(folder.path, "lock"), "");
  writeFileSync(join(folder.path, "lock.pid"), `${process.pid}\n`);
  expect(() => claimFolder(folder)).not.toThrow();
});

test("of many processes that start at the same moment exactly one gets the folder, and its death frees it", async () => {
  const folder = newFolder();
  const module = fileURLToPath(import.meta.resolve("./data-folder.ts"));
  const program = `
    const { claimFolder } = await import(${JSON.stringify(module)});
    try {
      claimFolder(${JSON.stringify(folder)});
      setInterval(() => {}, 1000);
      console.log("mine");
    } catch (error) {
      console.log(error.name === "EmbeddedDatabaseError" ? "taken" : error);
    }
  `;
  const children = Array.from({ length: 8 }, () =>
    spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const ends = children.map((child) => once(child, "exit"));
  const answers = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, "data"))[0]).trim()));
  expect(answers.sort()).toEqual(["mine", ...Array<string>(7).fill("taken")]);

  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ends);
  expect(() => claimFolder(folder)).not.toThrow();
}, 30_000);
