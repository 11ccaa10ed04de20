import { type Content, duration, factTable, html, moment, page, shown, table } from "@goldenring/run-kit";
import { replicaLimit } from "../capacity/replica-limit.ts";
import { RULES, saturationOf } from "../capacity/saturation.ts";
import { RUN_FILES, type SeriesRow } from "../record/record.ts";
import type { StoredRun } from "../record/run-folder.ts";
import { isHeld } from "../record/verdict.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import { chartsOfRun } from "./chart.ts";
import { FIGURES } from "./figures.ts";
import { withUnit } from "./numbers.ts";
import {
  buildInWords,
  commitInWords,
  dataInWords,
  endInWords,
  loadInWords,
  machineInWords,
  objectiveFigure,
  objectiveInWords,
  verdictInWords,
} from "./words.ts";

/** The report of one run as one HTML file. @param beside names of the files in its folder */
export function runPage(run: StoredRun, beside: readonly string[]): Promise<string> {
  return page({
    title: `${run.record.scenario}: ${verdictInWords(run.record)}`,
    header: header(run),
    main: [objectives(run), gaveOut(run), figures(run)],
    charts: chartsOfRun(run),
    withoutCharts: "The data are in series.json beside this file.",
    rest: [routes(run), setUp(run), files(beside)],
  });
}

function header({ record }: StoredRun): Content {
  const { figures: of, verdict, scenario, notes } = record;
  const p95 = of.latency === undefined ? "no answers" : `P95 ${withUnit(of.latency.p95, "ms")}`;
  return html`<p class="small">Load test, ${moment(record.start)}</p>
<h1>${scenario}: <span class="${isHeld(verdict) ? "good" : "bad"}">${verdictInWords(record)}</span></h1>
<p class="lead">Up to ${shown(of.maxUsers)} users, ${shown(of.rate)} requests a second, ${p95}, ${shown(of.failed)} of
${shown(of.requests)} requests failed. ${endInWords(record)}.</p>
${notes.map((note) => html`<p class="notice">${note}</p>\n`)}`;
}

function objectives({ record }: StoredRun): Content {
  const columns = [{ name: "Objective" }, { name: "Measured", isNumber: true }, { name: "Held" }];
  const rows = record.verdict.map((each) => [
    objectiveInWords(each),
    objectiveFigure(each.name, each.actual),
    each.isHeld ? html`<span class="good">yes</span>` : html`<span class="bad">no</span>`,
  ]);
  return html`<section aria-labelledby="objectives"><h2 id="objectives">Objectives</h2>
${table("Objectives", columns, rows)}</section>`;
}

function gaveOut({ record, series }: StoredRun): Content {
  const { first, exhausted } = saturationOf(record, series);
  const own = replicaLimit(series, 0, Number.POSITIVE_INFINITY);
  const rows = exhausted.map(({ cause, since, peak }) => {
    const rule = RULES.find((each) => each.cause === cause);
    return [cause, withUnit(since, ""), withUnit(peak, "%"), rule && `from ${withUnit(rule.share, "%")}: ${rule.why}`];
  });
  const columns = [
    { name: "Part" },
    { name: "Since second", isNumber: true },
    { name: "Most, over 5 s", isNumber: true },
    { name: "Rule" },
  ];
  const told =
    first === "not measured"
      ? "No part was watched during this run."
      : first === "none"
        ? "No part was at the end of its CPU or memory."
        : `The first to give out: ${first}.`;
  return html`<section aria-labelledby="gave-out"><h2 id="gave-out">What gave out first</h2>
<p>${told}</p>
${rows.length > 0 && table("What gave out", columns, rows)}
${
  own &&
  html`<p>Over the whole run the replicas used ${withUnit(own.replicaShare, "%")} of their CPU for ${shown(own.requestsPerSecond)}
requests a second. Straight on from there, all of it is enough for ${shown(own.limitRequestsPerSecond)} a second; the last part of a CPU
costs latency, so that this is a bound and no promise.</p>`
}</section>`;
}

function figures(run: StoredRun): Content {
  const rows = FIGURES.flatMap(({ name, unit, of }) => {
    const value = of(run);
    return value === undefined ? [] : [[name, withUnit(value, unit)]];
  });
  return html`<section aria-labelledby="figures"><h2 id="figures">Figures</h2>
${table("Figures of the whole run", [{ name: "Figure" }, { name: "Value", isNumber: true }], rows)}</section>`;
}

function routes({ series }: StoredRun): Content {
  const names = [...new Set(series.rows.flatMap((row) => Object.keys(row.routes)))].sort();
  if (names.length === 0) return undefined;
  const columns = [
    { name: "Route" },
    { name: "Requests", isNumber: true },
    { name: "Failed", isNumber: true },
    { name: "P50", isNumber: true },
    { name: "P90", isNumber: true },
    { name: "P95", isNumber: true },
  ];
  return html`<section aria-labelledby="routes"><h2 id="routes">Routes</h2>
<p class="small">Added up from the figures of each second, so that the percentiles are close and not exact.</p>
${table(
  "Routes",
  columns,
  names.map((name) => routeCells(name, series.rows)),
)}</section>`;
}

function routeCells(name: string, rows: readonly SeriesRow[]): string[] {
  const seconds = rows.flatMap(({ routes: each }) => each[name] ?? []);
  const sum = (numbers: readonly number[]): number => Math.round(numbers.reduce((total, each) => total + each, 0));
  return [
    name,
    shown(sum(seconds.map(({ requests }) => requests))),
    shown(sum(seconds.map(({ failed }) => failed))),
    ...[0.5, 0.9, 0.95].map((share) => withUnit(mixedPercentile(seconds, share), "ms")),
  ];
}

function setUp({ record }: StoredRun): Content {
  const { options, target, start, end } = record;
  const length = duration((Date.parse(end) - Date.parse(start)) / 1000);
  return html`<section aria-labelledby="set-up"><h2 id="set-up">Set-up</h2>
${factTable("Set-up of the run", [
  ["Run", record.id],
  ["Scenario", record.scenario],
  ["Load", loadInWords(options.load)],
  ["Planned length", duration(options.seconds)],
  ["Start and end", `${moment(start)} to ${moment(end)} (${length})`],
  ["Answers in", options.encoding],
  ["Stops when an objective breaks", options.stopsAtBreach ? "yes" : "no"],
  ["Bodies that are looked into", withUnit(options.bodyCheckShare, "%")],
  ["Target", target.url],
  ...(target.asked === undefined ? [] : [["k6 asked", target.asked] as const]),
  ["Target's build", buildInWords(record)],
  ["Data before the run", dataInWords(record)],
  ["Commit of this checkout", commitInWords(record)],
  ["k6", record.k6],
  ["Machine", machineInWords(record)],
  ["Load average before the start", shown(record.before.loadAverage)],
  ["Exit code", String(record.exit)],
])}</section>`;
}

const FILES: readonly (readonly [string, string])[] = [
  [RUN_FILES.k6Report, "k6's own report"],
  [RUN_FILES.record, "all facts and figures of this page"],
  [RUN_FILES.series, "every second of every curve"],
  [RUN_FILES.k6Summary, "k6's summary"],
  [RUN_FILES.k6Log, "what k6 said"],
];

function files(beside: readonly string[]): Content {
  const there = FILES.filter(([name]) => beside.includes(name));
  return html`<section aria-labelledby="files"><h2 id="files">Files beside this one</h2>
<ul>
${there.map(([name, about]) => html`<li><a href="${name}">${name}</a>: ${about}</li>\n`)}</ul></section>`;
}
