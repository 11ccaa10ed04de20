import {
  type Content,
  duration,
  factTable,
  fileList,
  html,
  moment,
  numbers,
  page,
  secondsBetween,
  section,
  table,
  tableSection,
  timeOrCount,
} from "@goldenring/run-kit";
import type { ExperimentRun, RoundRecord } from "../run/record.ts";
import { chartsOfRound } from "./charts.ts";
import { FIGURES, roundText, summaryOf, valuesOf, worstRound } from "./figures.ts";
import { faultsOf } from "./lanes.ts";
import { expectationsOf } from "./summary.ts";
import * as words from "./words.ts";
import { changesBecauseOf, of2023 } from "./words.ts";

export function runPage(run: ExperimentRun): Promise<string> {
  const { experiment, rounds } = run;
  const worst = worstRound(run);
  const charts = (round: RoundRecord) => chartsOfRound(round, rounds.length === 1 ? "" : `Round ${round.number}: `);
  const others = rounds.filter((round) => round !== worst);
  return page({
    title: `${experiment.id} ${experiment.title}: ${words.endText(run)}`,
    header: header(run, worst),
    main: [expectations(run), baseline2023(run, worst), figures(run), violations(run), notChecked(run), alerts(run)],
    charts: worst === undefined ? [] : charts(worst),
    more: others.map((round) => ({ title: `Round ${round.number}: ${roundText(round)}`, charts: charts(round) })),
    withoutCharts: "The data are in run.json in the folder of this page.",
    rest: [stages(run), journal(run), changes(run), setUp(run), files(run)],
  });
}

function header(run: ExperimentRun, worst: RoundRecord | undefined): Content {
  const { experiment, endedBy, ending, startedAt } = run;
  return html`<p class="small">Chaos experiment, ${moment(startedAt)}</p>
<h1>${experiment.id} ${experiment.title}: ${words.endMark(run)}</h1>
${endedBy !== "held" && html`<p class="lead">${ending}</p>`}
<p><strong>Hypothesis.</strong> ${experiment.hypothesis}</p>
${worst && html`<p>${worstText(worst, run)}</p>`}
${endedBy === "not-undone" && html`<p class="notice">A fault is still active. <code>ring chaos recover</code> tries again to undo it.</p>`}`;
}

function worstText(worst: RoundRecord, { rounds }: ExperimentRun): string {
  const which = rounds.length === 1 ? "One round" : `The worst of ${rounds.length} rounds, number ${worst.number}`;
  return `${which}: ${roundText(worst)}.`;
}

function expectations(run: ExperimentRun): Content {
  const several = run.rounds.length > 1;
  const columns = [
    "Expectation",
    // Beside it, so that a phone shows it without scrolling.
    "Verdict",
    ...numbers("Target", ...(several ? ["Median", "Worst"] : ["Measured"])),
    ...(several ? ["Held in"] : []),
  ];
  const rows = expectationsOf(run).map((each) => [
    each.words,
    [words.verdictMark(each), ...(each.notes ?? []).map((why) => html`<br><span class="small">${why}</span>`)],
    words.targetText(each) ?? "none",
    ...(several ? [timeOrCount(each.median, each.unit)] : []),
    timeOrCount(each.worst, each.unit),
    ...(several ? [each.heldIn ?? "–"] : []),
  ]);
  return section("expectations", "Expectations", table("Expectations", columns, rows));
}

function baseline2023(run: ExperimentRun, worst: RoundRecord | undefined): Content {
  const { experiment, rounds } = run;
  const baseline = of2023(experiment.id);
  if (baseline === undefined) return undefined;
  const faults = rounds.flatMap(faultsOf).map((fault) => fault.words);
  const rows = [
    ["Fault", `${baseline.fault}; by ${baseline.means}`, [...new Set(faults)].join("; ") || experiment.title],
    ["Expected", baseline.expected, experiment.hypothesis],
    ["Saw", baseline.saw, worst === undefined ? "–" : worstText(worst, run)],
  ];
  return section(
    "baseline-2023",
    "Compared with 2023",
    table("2023 and this run", ["", "2023", "This run"], rows),
    baseline.difference && html`<p class="small">${baseline.difference}</p>`,
    html`<p class="small">The probes of 2023 gave up after 5 s: slower answers counted as errors.</p>`,
  );
}

function figures(run: ExperimentRun): Content {
  const { rounds } = run;
  const several = rounds.length > 1;
  const names = several ? ["Median", "Worst", ...rounds.map(({ number }) => `Round ${number}`)] : ["Measured"];
  const rows = FIGURES.flatMap((figure) => {
    const summary = summaryOf(figure, valuesOf(figure, run));
    if (summary === undefined) return [];
    const each = rounds.map((round) => figure.of(round.figures));
    const values = several ? [summary.median, summary.worst, ...each] : each;
    return [[figure.name, ...values.map((value) => timeOrCount(value, figure.unit))]];
  });
  return tableSection("figures", "Figures", ["Figure", ...numbers(...names)], rows);
}

function violations({ rounds }: ExperimentRun): Content {
  const rows = rounds.flatMap(({ number, figures: { violations: found } }) =>
    found.map(({ kind, what }) => [String(number), kind, what]),
  );
  return tableSection("violations", "Violations found by the history checker", ["Round", "Kind", "Violation"], rows);
}

function notChecked({ rounds }: ExperimentRun): Content {
  const rows = rounds.flatMap(({ number, figures }) =>
    Object.entries(figures.notChecked ?? {}).map(([part, why]) => [String(number), part, why]),
  );
  return tableSection("not-checked", "Not checked", ["Round", "What", "Why"], rows);
}

function alerts({ rounds }: ExperimentRun): Content {
  const unknown = rounds.filter(({ alerts: came }) => came === null).map(({ number }) => number);
  const which = unknown.length === 1 ? "round" : "rounds";
  const times = numbers("Round", "At second", "After the stage began");
  const columns = ["Alert", "Machine", "Severity", "Status", ...times, "Stage"];
  const rows = rounds.flatMap(({ number, alerts: came }) =>
    (came ?? []).map(({ name, machine, severity, status, at, delay, stage }) => {
      return [name, machine, severity, status, number, atSecond(at), timeOrCount(delay, "ms"), stage];
    }),
  );
  return section(
    "alerts",
    "Alerts",
    unknown.length > 0 &&
      html`<p>There was no monitoring to ask in ${which} ${unknown.join(", ")}: its alerts are unknown.</p>`,
    rows.length > 0 ? table("Alerts", columns, rows) : unknown.length < rounds.length && html`<p>No alert fired.</p>`,
  );
}

function stages({ rounds }: ExperimentRun): Content {
  const rows = rounds.flatMap(({ number, stages: all }) =>
    all.flatMap(({ name, from, to, faults }): Content[][] => {
      if (faults.length === 0) return [[name, number, "–", "none: waiting", atSecond(from), "–", atSecond(to)]];
      return faults.map(({ machine, at, injectedAt, undoneAt, ...fault }) => [
        ...[name, number, machine, fault.words, atSecond(at)],
        injectedAt === null ? "not injected" : timeOrCount(injectedAt - at, "ms"),
        undoneAt === null ? html`<span class="bad">not undone</span>` : atSecond(undoneAt),
      ]);
    }),
  );
  const times = numbers("At second", "Injected in", "Undone at second");
  const columns = ["Stage", ...numbers("Round"), "Machine", "Fault", ...times];
  return tableSection("stages", "Stages and faults", columns, rows);
}

function journal(run: ExperimentRun): Content {
  const rows = run.journal.map(({ time, round = "–", at, event, machine = "–", text }) => {
    const clock = new Date(time).toISOString().slice(11, 23);
    return [clock, round, at === undefined ? "–" : atSecond(at), event, machine, text];
  });
  return tableSection("journal", "Journal", ["Time", ...numbers("Round", "Second"), "Event", "Machine", ""], rows);
}

function changes({ experiment }: ExperimentRun): Content {
  const found = changesBecauseOf(experiment.id);
  const rows = found.map(({ change, effect, where }) => [change, effect, html`<code>${where}</code>`]);
  return tableSection("changes", "Changes of the product because of it", ["Change", "Effect", "Where"], rows);
}

function setUp(run: ExperimentRun): Content {
  const { id, experiment, startedAt, endedAt, rounds, exit } = run;
  const { load, steadyState, abortWhen } = experiment;
  const { commit, stand, computer } = words.provenanceTexts(run);
  const machines = rounds.map(({ number, targets }) => {
    const all = Object.entries(targets).map(([name, of]) => `${name} ${of.join(", ")}`);
    return `round ${number}: ${all.join("; ")}`;
  });
  const facts = factTable("Set-up of the run", [
    ["Run", id],
    ["Start and end", `${moment(startedAt)} to ${moment(endedAt)} (${duration(secondsBetween(startedAt, endedAt))})`],
    ["Rounds", rounds.length === experiment.rounds ? rounds.length : `${rounds.length} of ${experiment.rounds}`],
    ["Machines", machines.join(" / ")],
    ["Steady state", steadyState.words],
    ["Probe", words.loadText(experiment)],
    ["Background load", words.backgroundText(load)],
    ["Aborted when", abortWhen.length === 0 ? "never" : abortWhen.map((each) => each.words).join("; ")],
    ["Stand", stand],
    ["Commit", commit],
    ["Computer", computer],
    ["Exit code", String(exit)],
  ]);
  return section("set-up", "Set-up", facts);
}

function files({ rounds }: ExperimentRun): Content {
  const ofRounds = rounds.flatMap(({ files: { history, background, roles, guardian, readBack = null } }) => {
    return [history, background, roles, guardian, readBack];
  });
  const all = ["run.json", "journal.jsonl", ...ofRounds.filter((file) => file !== null)];
  return fileList(all.map((file) => [file]));
}

function atSecond(ms: number): string {
  return words.second(ms).toFixed(1);
}
