import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foldersOf } from "./folders.ts";
import { bringUp } from "./up.ts";

test.each([{ network: "8.8.8.0/24" }, { machines: ["pg-03"] }, { replicas: 31 }, { replicaMemoryMiB: 64 }])(
  "a refused up (%p) leaves no empty stand",
  async (options) => {
    const home = mkdtempSync(join(tmpdir(), "goldenring-lab-"));
    try {
      await expect(bringUp(foldersOf(home, "refused"), options)).rejects.toThrow();
      expect(readdirSync(home)).toEqual([]);
    } finally {
      rmSync(home, { recursive: true });
    }
  },
);
