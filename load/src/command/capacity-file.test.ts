import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRunFile, writeRunFile } from "@goldenring/run-kit";
import { findCapacity, Search } from "../capacity/find-capacity.ts";
import { judgeStep, type StepResult } from "../capacity/judge-step.ts";
import { syntheticRun } from "../report/synthetic-run.fixture.ts";
import { CAPACITY_FILE, CAPACITY_FORMAT, CapacityFile } from "./capacity.ts";

const search = Search.parse({});
const { record, series } = syntheticRun();
const judged = judgeStep({ ...record, endedBy: "duration" }, series, 1, { warmUpSeconds: 10, holdSeconds: 100 });

/** A limit of 700 users, whatever else was measured. */
async function step(users: number): Promise<StepResult> {
  return { ...judged, users, held: users <= 700 };
}

test("a search that was interrupted is stored, read again and goes on to the same end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "goldenring-capacity-"));
  try {
    const part = await findCapacity(step, { maxSteps: 6 });
    const { broke, held, steps } = part;
    const stored: CapacityFile = {
      format: CAPACITY_FORMAT,
      search,
      ended: "interrupted",
      held,
      ...(broke === undefined ? {} : { broke }),
      steps: [...steps],
      record,
    };
    writeRunFile(folder, CAPACITY_FILE, stored);
    expect(await readdir(folder)).toEqual([CAPACITY_FILE]);
    const read = await readRunFile(folder, CAPACITY_FILE, CapacityFile);
    expect(read).toEqual(stored);
    const whole = await findCapacity(step, { ...read.search, earlier: read.steps });
    expect(whole).toEqual(await findCapacity(step));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a file that is no stored search, or one of an older version, is refused with the reason", async () => {
  const folder = await mkdtemp(join(tmpdir(), "goldenring-capacity-"));
  try {
    const file = join(folder, CAPACITY_FILE);
    await expect(readRunFile(folder, CAPACITY_FILE, CapacityFile)).rejects.toThrow("cannot be read");
    for (const content of ['{"format": 0}', '{"format": 1, "search": {}, "ended": "most", "held": 600, "steps": []}']) {
      await writeFile(file, content);
      await expect(readRunFile(folder, CAPACITY_FILE, CapacityFile)).rejects.toThrow(
        "is not a record that this version reads",
      );
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
