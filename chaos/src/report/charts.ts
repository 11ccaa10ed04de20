import { type Chart, drawable, type Figure, type Timeline, tidy } from "@goldenring/run-kit";
import { SLOW_MS } from "../history/summary.ts";
import type { ExperimentRun, RoundRecord, Second } from "../run/record.ts";
import { worstRound } from "./figures.ts";
import { faultBands, faultLanes, faultsOf, roundTime, span, timelineOf } from "./lanes.ts";
import { second } from "./words.ts";

const MS = { unit: "ms", scale: "logarithmic" } as const;
const PER_SECOND = { unit: "/s", scale: "linear" } as const;
const TIMEOUT = { name: "5 s, an error in 2023", value: SLOW_MS };

/** Reads, writes and the background load have the same colours in all charts. */
const READS = { pale: 5, strong: 0 } as const;
const WRITES = { pale: 4, strong: 1 } as const;
const BACKGROUND = 7;

type Of = (each: Second) => number | null;
const slowest: Of = ({ longest }) => longest;
type Drawn = readonly [series: keyof RoundRecord["series"], colour: number, name: string, of: Of];

/** The figures of one round. @param name `Round 2: `, or nothing where there is only one */
export function chartsOfRound(round: RoundRecord, name: string): Figure[] {
  const id = `round-${round.number}`;
  const xs = round.series.reads.map(({ at }) => second(at));
  const chart = (title: keyof typeof ABOUT, y: Chart["y"], lines: readonly Drawn[]): Chart => ({
    id: `${id}-${title.toLowerCase()}`,
    title: `${name}${title}`,
    about: ABOUT[title],
    x: roundTime(round),
    y,
    xs,
    lines: lines.map(([series, colour, name, of]) => ({
      name,
      colour,
      values: valuesAt(round.series[series], of, xs),
    })),
    limits: y.unit === "ms" ? [TIMEOUT] : [],
    bands: faultBands(round),
  });
  const counts = (prefix: string, of: Of): Drawn[] => [
    ["reads", READS.strong, `${prefix}reads`, of],
    ["writes", WRITES.strong, `${prefix}writes`, of],
    ["background", BACKGROUND, `${prefix}background`, of],
  ];
  const p95: Of = (each) => each.p95;
  const charts = [
    chart("Latency", MS, [
      ["reads", READS.pale, "reads, P95", p95],
      ["reads", READS.strong, "reads, slowest", slowest],
      ["writes", WRITES.pale, "writes, P95", p95],
      ["writes", WRITES.strong, "writes, slowest", slowest],
      ["background", BACKGROUND, "background, P95", p95],
    ]),
    chart(
      "Errors",
      PER_SECOND,
      counts("failed ", ({ failed }) => failed),
    ),
    chart(
      "Answers",
      PER_SECOND,
      counts("", ({ ok }) => ok),
    ),
  ];
  return [timelineOf(round, `${id}-timeline`, `${name}Timeline`), ...drawable(charts)];
}

const ABOUT = {
  Latency: "95th percentile and slowest answer of each second; logarithmic. A fault is active in the shaded time.",
  Errors: "Requests that failed in each second, those of unknown outcome included.",
  Answers: "Successful requests of each second.",
};

export interface NamedRun {
  readonly name: string;
  readonly run: ExperimentRun;
}

type ComparedRound = ReturnType<typeof comparedRound>[number];

/** @returns its `faultAt`: the first fault, ms of the round */
function comparedRound({ name, run }: NamedRun) {
  const round = worstRound(run);
  if (round === undefined) return [];
  return [{ name, round, faultAt: Math.min(...faultsOf(round).map(({ at }) => at), round.stages[0]?.from ?? 0) }];
}

const SINCE_FAULT = { label: "Seconds from the first fault", unit: "s" } as const;

/** The worst round of each run over the others, aligned at the first fault. */
export function chartsOfRuns(runs: readonly NamedRun[]): Figure[] {
  const rounds = runs.flatMap(comparedRound);
  const xs = commonSeconds(rounds);
  const chart = (series: "reads" | "writes", key: string, title: string, y: Chart["y"], what: Of): Chart => ({
    id: `${series}-${key}`,
    title,
    about: y.unit === "ms" ? "Of each second; logarithmic." : "In each second.",
    x: SINCE_FAULT,
    y,
    xs,
    lines: rounds.map(({ name, round: { series: of }, faultAt }) => ({
      name,
      values: valuesAt(of[series], what, xs, faultAt),
    })),
    limits: y.unit === "ms" ? [TIMEOUT] : [],
  });
  const charts = [
    chart("writes", "slowest", "Slowest write", MS, slowest),
    chart("reads", "slowest", "Slowest read", MS, slowest),
    chart("writes", "failed", "Failed writes", PER_SECOND, ({ failed }) => failed),
    chart("reads", "failed", "Failed reads", PER_SECOND, ({ failed }) => failed),
    chart("writes", "answered", "Acknowledged writes", PER_SECOND, ({ ok }) => ok),
  ];
  return [sideBySide(rounds, xs), ...drawable(charts)];
}

/** Faults and primaries of several rounds under each other. */
function sideBySide(rounds: readonly ComparedRound[], xs: readonly number[]): Timeline {
  const lanes = rounds.flatMap(({ name, round, faultAt }) => {
    const primaries = round.roles
      .filter(({ role }) => role === "primary")
      .toSorted((one, other) => one.from - other.from)
      .map(({ machine, from, to }) => span(from, to, machine, "steady"));
    const later = (seconds: number): number => Math.round(seconds * 1_000 - faultAt) / 1_000;
    return [...faultLanes(round), { name: "primary", spans: primaries }].map((lane) => ({
      name: `${name} ${lane.name}`,
      spans: lane.spans.map((each) => ({ ...each, from: later(each.from), to: later(each.to) })),
    }));
  });
  return {
    id: "timelines",
    title: "Timeline",
    about: "The faults of each run's worst round, and the primary.",
    x: { ...SINCE_FAULT, from: xs[0] ?? 0, to: Math.max(1, xs.at(-1) ?? 1) },
    lanes,
  };
}

/** Whole seconds from the first that any of the rounds has to the last. */
function commonSeconds(rounds: readonly ComparedRound[]): number[] {
  const all = rounds.flatMap(({ round: { series }, faultAt }) =>
    [...series.reads, ...series.writes].map(({ at }) => wholeSecond(at, faultAt)),
  );
  const first = Math.min(0, ...all);
  return Array.from({ length: Math.max(0, ...all) - first + 1 }, (_, at) => first + at);
}

/** The values of a series at the seconds of an axis; null where it has none. @param origin ms of the round that are second 0 */
function valuesAt(series: readonly Second[], of: Of, xs: readonly number[], origin = 0): (number | null)[] {
  const bySecond = new Map(series.map((each) => [wholeSecond(each.at, origin), of(each)]));
  return xs.map((x) => tidy(bySecond.get(Math.round(x))));
}

function wholeSecond(ms: number, origin: number): number {
  return Math.round((ms - origin) / 1_000);
}
