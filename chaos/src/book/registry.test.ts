import { expect, test } from "bun:test";
import { exportsOfFolder } from "../../../folder-exports.fixture.ts";
import { Experiment } from "../experiment/experiment.ts";
import { EXPERIMENTS } from "./registry.ts";

test("the book has CE-01 to CE-36, each id once", () => {
  const ids = EXPERIMENTS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const numbers = new Set(ids.map((id) => /^CE-(\d+)/.exec(id)?.[1]));
  for (let number = 1; number <= 36; number += 1) expect(numbers).toContain(String(number).padStart(2, "0"));
});

test("every experiment in this folder is in EXPERIMENTS of registry.ts", async () => {
  const listed = new Set(EXPERIMENTS.map(({ id }) => id));
  const values = await exportsOfFolder(import.meta.dir, ["registry.ts"]);
  const experiments = values.flatMap(({ label, value }) =>
    (Array.isArray(value) ? value : [value]).flatMap((each) => (isExperiment(each) ? [{ label, id: each.id }] : [])),
  );
  expect(experiments.length).toBeGreaterThanOrEqual(listed.size);
  expect(experiments.filter(({ id }) => !listed.has(id))).toEqual([]);
});

function isExperiment(value: unknown): value is { readonly id: string } {
  return typeof value === "object" && value !== null && "id" in value && "stages" in value;
}

test("every experiment that writes demands that nothing is lost and that there are never two primaries", () => {
  for (const { id, expectations } of EXPERIMENTS.filter(({ service }) => service === undefined)) {
    const judged = expectations.filter(({ limit }) => limit === 0).map(({ metric }) => metric);
    expect([id, ...judged]).toEqual(
      expect.arrayContaining(["lostWrites", "duplicatedWrites", "staleReads", "twoPrimaries"]),
    );
  }
});

test("an experiment is the same after it was exported and read again", () => {
  for (const experiment of EXPERIMENTS)
    expect(Experiment.parse(JSON.parse(JSON.stringify(experiment)))).toEqual(experiment);
});
