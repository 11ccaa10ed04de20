import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syntheticRun } from "../report/synthetic-run.fixture.ts";
import { CAPACITY_FILE, type CapacityFile, readCapacity, writeCapacity } from "./capacity-file.ts";
import { CAPACITY_DEFAULTS, findCapacity } from "./find-capacity.ts";
import { judgeStep, type StepResult } from "./judge-step.ts";

const { mostSteps, ...search } = CAPACITY_DEFAULTS;
const { record, series } = syntheticRun();
const judged = judgeStep({ ...record, endedBy: "duration" }, series, 1, { warmUpSeconds: 10, holdSeconds: 100 });

/** A limit of 700 users, whatever else was measured. */
async function step(users: number): Promise<StepResult> {
  return { ...judged, users, held: users <= 700 };
}

test("a search that was interrupted is stored, read again and goes on to the same end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "goldenring-capacity-"));
  try {
    const file = join(folder, CAPACITY_FILE);
    const part = await findCapacity(step, { mostSteps: 6 });
    const { broke, held, steps } = part;
    const stored: CapacityFile = {
      format: 1,
      search,
      ended: "interrupted",
      held,
      ...(broke === undefined ? {} : { broke }),
      steps: [...steps],
      record,
    };
    await writeCapacity(file, stored);
    expect(await readdir(folder)).toEqual([CAPACITY_FILE]);
    const read = await readCapacity(file);
    expect(read).toEqual(stored);
    const whole = await findCapacity(step, { ...read.search, mostSteps, earlier: read.steps });
    expect(whole).toEqual(await findCapacity(step));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what is no stored search is refused in words", async () => {
  const folder = await mkdtemp(join(tmpdir(), "goldenring-capacity-"));
  try {
    const file = join(folder, CAPACITY_FILE);
    await expect(readCapacity(file)).rejects.toThrow("cannot be read");
    await writeFile(file, '{"format": 0}');
    await expect(readCapacity(file)).rejects.toThrow("is not what this version reads");
  } finally {
    await rm(folder, { recursive: true });
  }
});
