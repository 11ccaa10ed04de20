import { afterEach, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXPERIMENTS } from "../book/registry.ts";
import BASELINE_2023 from "./baseline-2023.json";
import PRODUCT_CHANGES from "./product-changes.json";
import { entryOf, experimentsPage, mergeEntries } from "./results.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";
import { writePage, writeRunResults } from "./write.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-results-"));
  folders.push(folder);
  return folder;
}

const held = syntheticRun({ seed: 1, rounds: 5 });
/** One that is not in the book: nobody has changed anything because of it. */
const missed = syntheticRun({
  seed: 2,
  rounds: 5,
  experiment: "CE-99",
  pause: 4_000,
  endedBy: "deviated",
  text: " | <b>",
});

describe("the page of results", () => {
  const page = experimentsPage(
    [entryOf(held, "ring chaos run --suite chaos --write"), entryOf(missed, "ring chaos run CE-99 --write")],
    "chaos",
    { name: "chaos", title: "chaos experiments" },
  );

  test("has hypothesis, figures, verdict, what the report saw and what was changed, for each experiment", () => {
    const [, first = "", second = ""] = page.split("\n## ");
    expect(first).toContain("Hypothesis: Nothing is lost, and writes wait.");
    expect(first).toMatch(/^Verdict: \*\*the hypothesis held\*\*\. \(run /m);
    expect(first).toContain("clients got errors for about 7 s");
    expect(first).toContain("Changed in the product because of it:\n\n- ");
    expect(second).toContain("Verdict: **deviated from the hypothesis**. It came to its end.");
    expect(second).toContain("Changed in the product because of it: nothing.");
    expect(second).not.toContain("2023:");
  });

  test("states median and worst of the rounds", () => {
    const entry = entryOf(held, "");
    const gaps = held.rounds.map(({ figures }) => figures.writes.longestGap).sort((one, other) => one - other);
    const gap = entry.figures.find(({ name }) => name === "Longest time without an acknowledged write");
    expect([gap?.median, gap?.worst]).toEqual([gaps[2], gaps[4]]);
    expect(page).toContain(`| ${((gaps[2] ?? 0) / 1000).toFixed(2)} s / ${((gaps[4] ?? 0) / 1000).toFixed(2)} s |`);
  });

  test("keeps its tables whole whatever stands in a title", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| CE-"));
    const lengths = rows.map((row) => row.replace(/\\\|/g, "").split("|").length);
    // The overview, and the parts of failovers.
    expect([...new Set(lengths)]).toEqual([10, 8]);
    expect(page).toContain("| failover in | detection | leader key | promotion | then HAProxy | then the API |");
    expect(page).not.toContain("<b>");
  });
});

test("a new run of an experiment takes the place of the old one, and the others stay, in their order", () => {
  const old = [entryOf(missed, "old"), entryOf(held, "old")];
  const merged = mergeEntries(old, [
    entryOf(syntheticRun({ seed: 9, experiment: "CE-02" }), "new"),
    entryOf(held, "new"),
  ]);
  expect(merged.map(({ experiment, command }) => [experiment, command])).toEqual([
    ["CE-01", "new"],
    ["CE-02", "new"],
    ["CE-99", "old"],
  ]);
});

describe("writing results", () => {
  test("adds to what is there, twice the same is the same", async () => {
    const folder = await newFolder();
    await writeRunResults(held, "one", folder);
    await writeRunResults(missed, "two", folder);
    const read = () => Promise.all(["chaos.json", "chaos.md"].map((name) => readFile(join(folder, name), "utf8")));
    const once = await read();
    await writeRunResults(missed, "two", folder);
    expect(await read()).toEqual(once);
    expect(JSON.parse(once[0] ?? "").entries.map(({ experiment }: { experiment: string }) => experiment)).toEqual([
      "CE-01",
      "CE-99",
    ]);
    // The first one is in the suite stand, too.
    expect((await readdir(folder)).sort()).toEqual(["chaos.json", "chaos.md", "stand.json", "stand.md"]);
    expect(await readFile(join(folder, "stand.md"), "utf8")).not.toContain("CE-99");
  });

  test("keeps what is known when a run was interrupted", async () => {
    const folder = await newFolder();
    await writeRunResults(held, "one", folder);
    const before = await readFile(join(folder, "chaos.md"), "utf8");
    await writeRunResults({ ...held, rounds: [], endedBy: "interrupted" }, "two", folder);
    expect(await readFile(join(folder, "chaos.md"), "utf8")).toBe(before);
  });

  test("does not change a file that it cannot read, and reports it", async () => {
    const folder = await newFolder();
    const file = join(folder, "chaos.json");
    for (const strange of ["[{}]", "no JSON", ""]) {
      await writeFile(file, strange);
      await expect(writeRunResults(held, "one", folder)).rejects.toThrow("repair or remove it");
      expect(await readFile(file, "utf8")).toBe(strange);
    }
  });
});

test.each(["chaos", "stand", "monitoring"])("the page %s of the repository is made of its JSON file", async (name) => {
  const [folder, results] = [await newFolder(), fileURLToPath(new URL("../../../docs/results", import.meta.url))];
  await copyFile(join(results, `${name}.json`), join(folder, `${name}.json`));
  await writePage(name, [], folder);
  for (const file of [`${name}.json`, `${name}.md`])
    expect(await readFile(join(folder, file), "utf8")).toBe(await readFile(join(results, file), "utf8"));
});

test("what is known of the report and of changes is about experiments of the book", () => {
  const ids = [
    ...BASELINE_2023.map(({ experiment }) => experiment),
    ...PRODUCT_CHANGES.flatMap(({ experiments }) => experiments),
  ];
  const book = EXPERIMENTS.map(({ id }) => id);
  for (const id of ids) expect(book).toContain(id);
  expect(BASELINE_2023.map(({ experiment }) => experiment)).toEqual(["CE-01", "CE-02", "CE-03", "CE-04", "CE-05"]);
});
