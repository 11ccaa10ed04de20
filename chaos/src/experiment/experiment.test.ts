import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadExperiment } from "../book/registry.ts";
import { Experiment, type ExperimentInput } from "./experiment.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-experiment-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL: ExperimentInput = {
  id: "mine",
  title: "Mine",
  hypothesis: "It holds.",
  expectations: [{ words: "no read fails", metric: "failedReads", comparison: "at most", limit: 0, unit: "requests" }],
  stages: [{ name: "one", faults: [{ fault: "stop-unit", on: "machine/web-01", unit: "web.service" }], seconds: 5 }],
};

const problemsOf = (change: Partial<ExperimentInput>): string =>
  Experiment.safeParse({ ...SMALL, ...change })
    .error?.issues.map(({ message }) => message)
    .join("; ") ?? "";

test("what is left out has its default", () => {
  expect(Experiment.parse(SMALL)).toMatchObject({
    rounds: 1,
    load: { clients: 4, background: { users: 20, path: "/Cities" } },
    steadyState: { cluster: true, guardian: false },
    stages: [{ after: "undo", faults: [{ unit: "web" }] }],
  });
});

test("what cannot be meant is said", () => {
  const [expectation] = SMALL.expectations;
  if (!expectation) throw new Error("there is one");
  const [stage] = SMALL.stages;
  if (!stage) throw new Error("there is one");
  expect(problemsOf({ expectations: [{ ...expectation, unit: "ms" }] })).toContain("failedReads is in requests");
  expect(problemsOf({ expectations: [{ ...expectation, during: ["two"] }] })).toContain("no stage is called two");
  expect(problemsOf({ stages: [stage, stage] })).toContain("two stages have the same name");
  expect(problemsOf({ stages: [{ ...stage, faults: [{ fault: "reboot", on: "everything" }] }] })).toContain(
    "is no target",
  );
  expect(problemsOf({ stages: [{ ...stage, faults: [{ fault: "stop-unit", on: "etcd", unit: "a;b" }] }] })).toContain(
    "is no name of a unit",
  );
});

test("an experiment of the user's own comes from a module or from JSON, by the path of its file", async () => {
  const json = JSON.stringify(SMALL);
  const [module, data] = [join(folder, "mine.ts"), join(folder, "mine.json")];
  writeFileSync(module, `export default ${json};\n`);
  writeFileSync(data, json);
  expect(await loadExperiment(module)).toEqual(await loadExperiment(data));
  expect((await loadExperiment("ce-01")).id).toBe("CE-01");
});

test("a name that is in no book, a file that is not there and one that is no experiment are said", async () => {
  await expect(loadExperiment("CE-99")).rejects.toThrow("There is no experiment");
  await expect(loadExperiment(join(folder, "none.ts"))).rejects.toThrow("cannot be read");
  const file = join(folder, "empty.json");
  writeFileSync(file, "{}");
  await expect(loadExperiment(file)).rejects.toThrow("is no experiment");
});

test.each([
  ["abortwhen", { ...SMALL, abortwhen: [] }],
  ["round", { ...SMALL, round: 3 }],
  ["stages[0].second", { ...SMALL, stages: [{ ...SMALL.stages[0], second: 5 }] }],
  [
    "stages[0].faults[0].Unit",
    { ...SMALL, stages: [{ ...SMALL.stages[0], faults: [{ ...SMALL.stages[0]?.faults[0], Unit: "x" }] }] },
  ],
])("what no experiment has is refused by its name: %s", async (name, content) => {
  const file = join(folder, "unknown.json");
  writeFileSync(file, JSON.stringify(content));
  await expect(loadExperiment(file)).rejects.toThrow(`${name}: there is no such field`);
});

test("the worked example in the documentation is an experiment", async () => {
  const page = readFileSync(new URL("../../../docs/chaos.md", import.meta.url), "utf8");
  const [, example = ""] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const file = join(folder, "orders.ts");
  writeFileSync(file, example);
  expect(await loadExperiment(file)).toMatchObject({ id: "orders-frozen", rounds: 3 });
});
