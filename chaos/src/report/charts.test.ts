import { describe, expect, test } from "bun:test";
import { type Chart, type Figure, isTimeline } from "@goldenring/run-kit";
import { chartsOfRound, chartsOfRuns } from "./charts.ts";
import { timelineOf } from "./lanes.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";

const run = syntheticRun({ seed: 5, rounds: 2, pause: 3_400 });
const [round] = run.rounds;
if (round === undefined) throw new Error("no round");

function curves(figures: readonly Figure[]): Chart[] {
  return figures.filter((figure): figure is Chart => !isTimeline(figure));
}

function chart(figures: readonly Figure[], id: string): Chart {
  const found = curves(figures).find((each) => each.id === id);
  if (found === undefined) throw new Error(`no chart ${id}`);
  return found;
}

describe("the charts of a round", () => {
  test("have curves of reads and writes, a value for each second, with the fault's time behind them", () => {
    for (const { xs, lines, bands } of curves(chartsOfRound(round, ""))) {
      for (const { values } of lines) expect(values).toHaveLength(xs.length);
      expect(bands).toEqual([{ from: 8, to: 20, name: "pg-01: cut off from all" }]);
    }
    const { lines } = chart(chartsOfRound(round, ""), "round-1-latency");
    expect(lines.map(({ name }) => name)).toEqual([
      "reads, P95",
      "reads, slowest",
      "writes, P95",
      "writes, slowest",
      "background, P95",
    ]);
  });

  test("show a second without an answer as a gap, not as zero", () => {
    const { lines } = chart(chartsOfRound(round, ""), "round-1-latency");
    expect(lines.find(({ name }) => name === "writes, slowest")?.values[8]).toBeNull();
    expect(lines.find(({ name }) => name === "reads, slowest")?.values[8]).not.toBeNull();
  });

  test("leave out what was not measured", () => {
    const alone = { ...round, series: { ...round.series, background: [] } };
    const names = curves(chartsOfRound(alone, "")).flatMap(({ lines }) => lines.map(({ name }) => name));
    expect(names.filter((name) => name.includes("background"))).toEqual([]);
  });

  test("have ids that differ between rounds", () => {
    const ids = run.rounds.flatMap((each) => chartsOfRound(each, "").map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("the timeline of a round", () => {
  const { lanes } = timelineOf(round, "t", "T");
  const spansOf = (name: string) => lanes.find((lane) => lane.name === name)?.spans;

  test("has stages, faults, both database machines, alerts, and only what changed of the rest", () => {
    expect(lanes.map(({ name }) => name)).toEqual([
      "stage",
      "fault pg-01",
      "pg-01",
      "pg-02",
      "alerts",
      "alerts (2)",
      "master/pg-01",
    ]);
  });

  test("shows who was the primary, on which timeline, and when nobody answered", () => {
    expect(spansOf("pg-01")?.map(({ name, tone }) => [name, tone])).toEqual([
      ["primary, timeline 3", "steady"],
      ["silent", "unknown"],
      ["replica, timeline 4", "ready"],
    ]);
  });

  test("lets an alert last until it is resolved, and to the end where it is not", () => {
    expect(spansOf("alerts")).toEqual([{ from: 12, to: 40, name: "PatroniMemberDown pg-01", tone: "bad" }]);
    expect(spansOf("alerts (2)")).toEqual([{ from: 13, to: 24, name: "MachineDown pg-01", tone: "bad" }]);
  });

  test("shows a fault that was not undone to the end", () => {
    const stuck = {
      ...round,
      stages: round.stages.map((stage) => ({
        ...stage,
        faults: stage.faults.map((fault) => ({ ...fault, undoneAt: null })),
      })),
    };
    const [fault] = timelineOf(stuck, "t", "T").lanes.filter(({ name }) => name === "fault pg-01");
    expect(fault?.spans[0]?.to).toBe(40);
  });
});

describe("the charts of several runs", () => {
  test("lay their worst rounds over each other at the first fault", () => {
    const later = {
      ...run,
      rounds: run.rounds.map((each) => ({
        ...each,
        stages: each.stages.map((stage) => ({
          ...stage,
          from: stage.from + 5_000,
          to: stage.to + 5_000,
          faults: stage.faults.map((fault) => ({ ...fault, at: fault.at + 5_000 })),
        })),
        series: { ...each.series, writes: each.series.writes.map((second) => ({ ...second, at: second.at + 5_000 })) },
      })),
    };
    const { xs, lines } = chart(
      chartsOfRuns([
        { name: "A", run },
        { name: "B", run: later },
      ]),
      "writes-answered",
    );
    const [first, second] = lines.map(({ values }) => values[xs.indexOf(0)]);
    expect(lines.map(({ name }) => name)).toEqual(["A", "B"]);
    expect([first, second]).toEqual([0, 0]);
    expect(xs).toEqual(Array.from({ length: xs.length }, (_, at) => at + (xs[0] ?? 0)));
  });

  test("are there for runs without a round, too", () => {
    expect(chartsOfRuns([{ name: "A", run: { ...run, rounds: [] } }]).map(({ id }) => id)).toEqual(["timelines"]);
  });
});
