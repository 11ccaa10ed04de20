import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type Content,
  commitText,
  duration,
  factTable,
  fileList,
  html,
  junitXml,
  marked,
  moment,
  numbers,
  page,
  plural,
  type RunKind,
  secondsBetween,
  section,
  shown,
  type TestCase,
  table,
  tableSection,
  withUnit,
} from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import { RULES, replicaLimit, type Saturation, saturationOf } from "../capacity/saturation.ts";
import { ENDS, RUN_FILES, type RunRecord, readRun, type StoredRun } from "../record/record.ts";
import { inWords, isHeld, objectiveFigure, objectiveText } from "../record/verdict.ts";
import { routeNames } from "../resources/resources.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import { chartsOfRun } from "./charts.ts";
import { comparisonOf, SET_UP } from "./comparison.ts";
import { FIGURES } from "./figures.ts";
import { dataText, verdictText } from "./words.ts";

/** Writes the report of a run into its folder. @returns the file's path @throws {CommandError} (usage) where there is no such run */
export async function writeReport(folder: string): Promise<string> {
  const run = await readRun(folder);
  const file = join(folder, RUN_FILES.report);
  replaceFile(file, await runPage(run, await readdir(folder)));
  return file;
}

export const LOAD_RUNS: RunKind<StoredRun> = {
  record: RUN_FILES.record,
  read: readRun,
  row: ({ record }) => [verdictText(record), moment(record.start)],
  report: writeReport,
  junit: ({ record }) => junitOfRun(record),
  compare: comparisonOf,
};

function runPage(run: StoredRun, folderFiles: readonly string[]): Promise<string> {
  return page({
    title: `${run.record.scenario}: ${verdictText(run.record)}`,
    header: header(run),
    main: [objectives(run), saturation(run), figures(run)],
    charts: chartsOfRun(run),
    withoutCharts: "The data are in series.json in the folder of this page.",
    rest: [routes(run), setUp(run), fileList(FILES.filter(([name]) => folderFiles.includes(name)))],
  });
}

function header({ record }: StoredRun): Content {
  const { figures: of, verdict, scenario, notes } = record;
  const p95 = of.latency === undefined ? "no answers" : `P95 ${withUnit(of.latency.p95, "ms")}`;
  return html`<p class="small">Load test, ${moment(record.start)}</p>
<h1>${scenario}: ${marked(verdictText(record), isHeld(verdict))}</h1>
<p class="lead">Up to ${plural(of.maxUsers, "user")}, ${shown(of.rate)} requests per second, ${p95}, ${shown(of.failed)} of
${plural(of.requests, "request")} failed; ${ENDS[record.endedBy][0]}.</p>
${notes.map((note) => html`<p class="notice">${note}</p>\n`)}`;
}

function objectives({ record }: StoredRun): Content {
  const rows = record.verdict.map((each) => [
    objectiveText(each),
    objectiveFigure(each.name, each.actual),
    marked(each.isHeld ? "held" : "missed", each.isHeld),
  ]);
  return tableSection("objectives", "Objectives", ["Objective", ...numbers("Measured"), "Verdict"], rows);
}

function saturation({ record, series }: StoredRun): Content {
  const found = saturationOf(record, series);
  const limit = replicaLimit(record, series);
  const rows = found.exhausted.map(({ cause, since, peak }) => {
    const rule = RULES.find((each) => each.cause === cause);
    return [cause, shown(since), withUnit(peak, "%"), rule && `from ${withUnit(rule.share, "%")}: ${rule.why}`];
  });
  const columns = ["Resource", ...numbers("Since second", "Highest, over 5 s"), "Rule"];
  return section(
    "saturation",
    "Saturation",
    html`<p>${saturationText(found, isHeld(record.verdict))}</p>\n`,
    rows.length > 0 && table("Saturated resources", columns, rows),
    limit &&
      html`<p>The replicas used ${withUnit(limit.replicaShare, "%")} of their CPU for ${shown(limit.requestsPerSecond)} requests
per second. At 100 % this would make ${shown(limit.limitRequestsPerSecond)} per second: an upper bound, because latency rises before a CPU is
full.</p>`,
  );
}

function saturationText({ first }: Saturation, isHeldAll: boolean): string {
  if (first === "not measured") return "No resource was measured during this run.";
  if (first === "none") return "No resource was at its limit.";
  return `Saturated first: ${first}${isHeldAll ? ". Every objective held nevertheless" : ""}.`;
}

function figures(run: StoredRun): Content {
  const rows = FIGURES.flatMap(({ name, unit, of }) => {
    const value = of(run);
    return value === undefined ? [] : [[name, withUnit(value, unit)]];
  });
  return tableSection("figures", "Figures of the whole run", ["Figure", ...numbers("Value")], rows);
}

function routes({ series }: StoredRun): Content {
  const names = routeNames(series.rows);
  if (names.length === 0) return undefined;
  const columns = ["Route", ...numbers("Requests", "Failed", "P50", "P90", "P95")];
  const sum = (values: readonly number[]): string => shown(Math.round(values.reduce((total, each) => total + each, 0)));
  const rows = names.map((name) => {
    const seconds = series.rows.flatMap((row) => row.routes[name] ?? []);
    return [
      name,
      sum(seconds.map(({ requests }) => requests)),
      sum(seconds.map(({ failed }) => failed)),
      ...[0.5, 0.9, 0.95].map((share) => withUnit(mixedPercentile(seconds, share), "ms")),
    ];
  });
  return section(
    "routes",
    "Routes",
    html`<p class="small">Combined from the figures of each second: the percentiles are close approximations.</p>`,
    table("Routes", columns, rows),
  );
}

function setUp(run: StoredRun): Content {
  const { record } = run;
  const { target, start, end } = record;
  const facts = factTable("Set-up of the run", [
    ["Run", record.id],
    ["Start and end", `${moment(start)} to ${moment(end)} (${duration(secondsBetween(start, end))})`],
    ...SET_UP.map(([name, of]) => [name, of(run)] as const),
    ...(target.asked === undefined ? [] : [["Address that k6 used", target.asked] as const]),
    ["Data before the run", dataText(record)],
    ["Load average before the start", shown(record.before.loadAverage)],
    ["Exit code", String(record.exit)],
  ]);
  return section("set-up", "Set-up", facts);
}

const FILES: readonly (readonly [string, string])[] = [
  [RUN_FILES.k6Report, "k6's own report"],
  [RUN_FILES.record, "all facts and figures of this page"],
  [RUN_FILES.series, "every second of every curve"],
  [RUN_FILES.k6Summary, "k6's summary"],
  [RUN_FILES.k6Log, "k6's log"],
];

/** A run as JUnit XML, for CI: a case for each objective, and one for the run's end. */
export function junitOfRun(record: RunRecord): string {
  const objectives = record.verdict.map(
    (verdict): TestCase => ({
      name: objectiveText(verdict),
      outcome: verdict.isHeld ? { kind: "passed" } : { kind: "failure", message: inWords(verdict), type: "objective" },
    }),
  );
  const [message, isComplete] = ENDS[record.endedBy];
  const end: TestCase = {
    name: "The run comes to its end",
    outcome: isComplete
      ? { kind: "passed" }
      : { kind: "error", message, type: record.endedBy, details: record.notes.join("\n") },
  };
  const { id: run, k6, scenario, start, target, figures: of } = record;
  const figures = { users: of.maxUsers, "requests-per-second": of.rate.toFixed(1) };
  const properties = { run, commit: commitText(record), target: target.url, k6, ...figures };
  const seconds = secondsBetween(start, record.end);
  return junitXml("load", [{ name: `load.${scenario}`, start, seconds, properties, cases: [...objectives, end] }]);
}
