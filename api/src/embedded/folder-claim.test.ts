import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { throwawayFolder } from "../../test/throwaway/folder.ts";
import { claimFolder } from "./folder-claim.ts";

test("a folder has one claimant until it is released", async () => {
  const folder = throwawayFolder("claim");
  const first = await claimFolder(folder);
  expect(await claimFolder(folder)).toEqual({ claimed: false, by: process.pid });
  if (first.claimed) first.release();
  expect((await claimFolder(folder)).claimed).toBe(true);
});

test("a claim whose process id now belongs to another process is void", async () => {
  const folder = throwawayFolder("claim");
  mkdirSync(join(folder, "claims"), { recursive: true });
  const stale = JSON.stringify({ pid: process.pid, processName: "an earlier process with this id", settled: true });
  writeFileSync(join(folder, "claims", "stale.json"), stale);
  expect((await claimFolder(folder)).claimed).toBe(true);
  expect(readdirSync(join(folder, "claims"))).toHaveLength(1);
});

test("of many processes that start at the same moment exactly one gets the folder, and its death frees it", async () => {
  const folder = throwawayFolder("claim");
  const module = fileURLToPath(import.meta.resolve("./folder-claim.ts"));
  const program = `
    const { claimFolder } = await import(${JSON.stringify(module)});
    const { claimed } = await claimFolder(${JSON.stringify(folder)});
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
  expect((await claimFolder(folder)).claimed).toBe(true);
}, 30_000);
