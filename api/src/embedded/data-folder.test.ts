import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { throwawayFolder } from "../../test/throwaway/folder.ts";
import { claimFolder } from "./data-folder.ts";

function newFolder(): string {
  const folder = throwawayFolder("claim");
  mkdirSync(folder);
  return folder;
}

test("a folder has one claimant until it is released", () => {
  const folder = newFolder();
  const first = claimFolder(folder);
  expect(claimFolder(folder)).toEqual({ claimed: false, by: process.pid });
  if (first.claimed) first.release();
  expect(claimFolder(folder).claimed).toBe(true);
});

test("what an earlier process left in the folder is no claim, even when its process id now belongs to another", () => {
  const folder = newFolder();
  writeFileSync(join(folder, "lock"), "");
  writeFileSync(join(folder, "lock.pid"), `${process.pid}\n`);
  expect(claimFolder(folder).claimed).toBe(true);
});

test("of many processes that start at the same moment exactly one gets the folder, and its death frees it", async () => {
  const folder = newFolder();
  const module = fileURLToPath(import.meta.resolve("./data-folder.ts"));
  const program = `
    const { claimFolder } = await import(${JSON.stringify(module)});
    const { claimed } = claimFolder(${JSON.stringify(folder)});
    console.log(claimed ? "mine" : "taken");
    if (claimed) setInterval(() => {}, 1000);
  `;
  const children = Array.from({ length: 8 }, () =>
    spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const ends = children.map((child) => once(child, "exit"));
  const answers = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, "data"))[0]).trim()));
  expect(answers.sort()).toEqual(["mine", ...Array<string>(7).fill("taken")]);

  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ends);
  expect(claimFolder(folder).claimed).toBe(true);
}, 30_000);
