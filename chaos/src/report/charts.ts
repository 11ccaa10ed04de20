import type { Chart, Figure, Line, Timeline } from "@goldenring/run-kit";
import type { ExperimentRun, RoundRecord, Second } from "../run/record.ts";
import { worstRound } from "./figures.ts";
import { faultBands, faultsOf, roundTime, timelineOf } from "./lanes.ts";
import { REPORTED_PATIENCE_MS } from "./report-of-2023.ts";
import { second } from "./words.ts";

const SINCE_FAULT = { label: "Seconds from the first fault", unit: "s" } as const;
const PATIENCE = { name: "5 s, an error in the report of 2023", value: REPORTED_PATIENCE_MS };

/** Reads, writes and the background load have the same colours in all charts. */
const READS = { calm: 5, strong: 0 } as const;
const WRITES = { calm: 4, strong: 1 } as const;
const BACKGROUND = 7;

/** The figures of one round. @param name `Round 2: `, or nothing where there is only one */
export function chartsOfRound(round: RoundRecord, name: string): Figure[] {
  const id = `round-${round.number}`;
  const { reads, writes, background } = round.series;
  const xs = reads.map(({ at }) => second(at));
  const over = (series: readonly Second[], of: (each: Second) => number | null): (number | null)[] =>
    valuesAt(series, of, xs, 0);
  const common = { x: roundTime(round), xs, bands: faultBands(round) };
  const charts: readonly Chart[] = [
    {
      ...common,
      id: `${id}-latency`,
      title: `${name}Latency`,
      about: "The slower and the slowest answers of each second; logarithmic. The shaded time is that of the faults.",
      y: { unit: "ms", scale: "logarithmic" },
      lines: [
        { name: "reads, P95", values: over(reads, ({ p95 }) => p95), colour: READS.calm },
        { name: "reads, slowest", values: over(reads, ({ longest }) => longest), colour: READS.strong },
        { name: "writes, P95", values: over(writes, ({ p95 }) => p95), colour: WRITES.calm },
        { name: "writes, slowest", values: over(writes, ({ longest }) => longest), colour: WRITES.strong },
        { name: "background, P95", values: over(background, ({ p95 }) => p95), colour: BACKGROUND },
      ],
      limits: [PATIENCE],
    },
    {
      ...common,
      id: `${id}-errors`,
      title: `${name}Errors`,
      about: "Requests that failed in each second, those of unknown outcome included.",
      y: { unit: "/s", scale: "linear" },
      lines: [
        { name: "failed reads", values: over(reads, ({ failed }) => failed), colour: READS.strong },
        { name: "failed writes", values: over(writes, ({ failed }) => failed), colour: WRITES.strong },
        { name: "failed background", values: over(background, ({ failed }) => failed), colour: BACKGROUND },
      ],
      limits: [],
    },
    {
      ...common,
      id: `${id}-answers`,
      title: `${name}Answers`,
      about: "Requests that ended well in each second.",
      y: { unit: "/s", scale: "linear" },
      lines: [
        { name: "reads", values: over(reads, ({ ok }) => ok), colour: READS.strong },
        { name: "writes", values: over(writes, ({ ok }) => ok), colour: WRITES.strong },
        { name: "background", values: over(background, ({ ok }) => ok), colour: BACKGROUND },
      ],
      limits: [],
    },
  ];
  return [
    timelineOf(round, `${id}-timeline`, `${name}What happened`),
    ...charts.map(withoutEmptyLines).filter(isDrawn),
  ];
}

export interface NamedRun {
  /** A letter. */
  readonly name: string;
  readonly run: ExperimentRun;
}

interface ComparedRound {
  readonly name: string;
  readonly round: RoundRecord;
  /** Of the first fault, ms of the round. */
  readonly faultAt: number;
}

/** The worst round of each run over the others, laid upon each other at the first fault. */
export function chartsOfRuns(runs: readonly NamedRun[]): Figure[] {
  const rounds = runs.flatMap(({ name, run }): ComparedRound[] => {
    const round = worstRound(run);
    return round === undefined ? [] : [{ name, round, faultAt: firstFault(round) }];
  });
  const xs = commonSeconds(rounds);
  const over = (series: "reads" | "writes", of: (each: Second) => number | null): Line[] =>
    rounds.map(({ name, round, faultAt }) => ({ name, values: valuesAt(round.series[series], of, xs, faultAt) }));
  const latency = { x: SINCE_FAULT, xs, y: { unit: "ms", scale: "logarithmic" }, limits: [PATIENCE] } as const;
  const rate = { x: SINCE_FAULT, xs, y: { unit: "/s", scale: "linear" }, limits: [] } as const;
  const charts: readonly Chart[] = [
    {
      ...latency,
      id: "writes-slowest",
      title: "Slowest write",
      about: "Of each second; logarithmic.",
      lines: over("writes", ({ longest }) => longest),
    },
    {
      ...latency,
      id: "reads-slowest",
      title: "Slowest read",
      about: "Of each second; logarithmic.",
      lines: over("reads", ({ longest }) => longest),
    },
    {
      ...rate,
      id: "writes-failed",
      title: "Failed writes",
      about: "In each second.",
      lines: over("writes", ({ failed }) => failed),
    },
    {
      ...rate,
      id: "reads-failed",
      title: "Failed reads",
      about: "In each second.",
      lines: over("reads", ({ failed }) => failed),
    },
    {
      ...rate,
      id: "writes-answered",
      title: "Acknowledged writes",
      about: "In each second.",
      lines: over("writes", ({ ok }) => ok),
    },
  ];
  return [sideBySide(rounds, xs), ...charts.map(withoutEmptyLines).filter(isDrawn)];
}

/** Faults and primaries of several rounds under each other. */
function sideBySide(rounds: readonly ComparedRound[], xs: readonly number[]): Timeline {
  return {
    id: "timelines",
    title: "What happened",
    about: "The faults of each run's worst round, and which machine was the primary.",
    x: { ...SINCE_FAULT, from: xs[0] ?? 0, to: Math.max(1, xs.at(-1) ?? 1) },
    lanes: rounds.flatMap(({ name, round, faultAt }) => {
      const { lanes } = timelineOf(round, "", "");
      const later = (ms: number): number => second(ms - faultAt);
      const reigns = round.roles.filter(({ role }) => role === "primary");
      return [
        ...lanes
          .filter((lane) => lane.name.startsWith("fault "))
          .map((lane) => ({
            name: `${name} ${lane.name}`,
            spans: lane.spans.map((span) => ({ ...span, from: later(span.from * 1_000), to: later(span.to * 1_000) })),
          })),
        {
          name: `${name} primary`,
          spans: reigns
            .toSorted((one, other) => one.from - other.from)
            .map(({ machine, from, to }) => ({
              from: later(from),
              to: later(to),
              name: machine,
              tone: "calm" as const,
            })),
        },
      ];
    }),
  };
}

function firstFault(round: RoundRecord): number {
  return Math.min(...faultsOf(round).map(({ at }) => at), round.stages[0]?.from ?? 0);
}

/** Whole seconds from the first that any of the rounds has to the last. */
function commonSeconds(rounds: readonly ComparedRound[]): number[] {
  const all = rounds.flatMap(({ round, faultAt }) =>
    [...round.series.reads, ...round.series.writes].map(({ at }) => wholeSecond(at, faultAt)),
  );
  const first = all.reduce((least, each) => Math.min(least, each), 0);
  const last = all.reduce((most, each) => Math.max(most, each), 0);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** The values of a series at the seconds of an axis; null where it has none. @param origin ms of the round that are second 0 */
function valuesAt(
  series: readonly Second[],
  of: (each: Second) => number | null,
  xs: readonly number[],
  origin: number,
): (number | null)[] {
  const bySecond = new Map(series.map((each) => [wholeSecond(each.at, origin), of(each)]));
  return xs.map((x) => tidy(bySecond.get(Math.round(x)) ?? null));
}

function wholeSecond(ms: number, origin: number): number {
  return Math.round((ms - origin) / 1_000);
}

function withoutEmptyLines(chart: Chart): Chart {
  return { ...chart, lines: chart.lines.filter(({ values }) => values.some((value) => value !== null)) };
}

function isDrawn({ lines }: Chart): boolean {
  return lines.length > 0;
}

/** Four digits are more than a chart shows, and keep the file small. */
function tidy(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}
