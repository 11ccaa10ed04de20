import { type Content, duration, factTable, html, moment, page, table } from "@goldenring/run-kit";
import type { ExperimentRun, JournalLine, RecordedAlert, RoundRecord } from "../run/record.ts";
import { chartsOfRound } from "./charts.ts";
import { expectationsTable } from "./expectations-table.ts";
import { FIGURES, roundInWords, spreadOf, valuesOf, worstOf, worstRound } from "./figures.ts";
import { changesBecauseOf } from "./product-changes.ts";
import { reportedAbout } from "./report-of-2023.ts";
import { commitInWords, computerInWords, endInWords, figureInWords, second, standInWords } from "./words.ts";

/** A run as one HTML file that needs no other. */
export function runPage(run: ExperimentRun): Promise<string> {
  const { experiment, rounds } = run;
  const first = worstRound(run);
  const others = rounds.filter((round) => round !== first);
  return page({
    title: `${experiment.id} ${experiment.title}: ${endInWords(run)}`,
    header: header(run),
    main: [expectations(run), reportOf2023(run), figures(run), violations(run), alerts(run)],
    charts: first === undefined ? [] : chartsOfRound(first, nameOf(first, run)),
    more: others.map((round) => ({
      title: `Round ${round.number}: ${roundInWords(round, figureInWords)}`,
      charts: chartsOfRound(round, nameOf(round, run)),
    })),
    withoutCharts: "The data are in run.json beside this file.",
    rest: [stages(run), journal(run), changes(run), setUp(run), files(run)],
  });
}

function nameOf({ number }: RoundRecord, { rounds }: ExperimentRun): string {
  return rounds.length === 1 ? "" : `Round ${number}: `;
}

function header(run: ExperimentRun): Content {
  const { experiment, endedBy, ending, startedAt } = run;
  const worst = worstRound(run);
  return html`<p class="small">Chaos experiment, ${moment(startedAt)}</p>
<h1>${experiment.id} ${experiment.title}: <span class="${endedBy === "held" ? "good" : "bad"}">${endInWords(run)}</span></h1>
<p class="lead">${ending}</p>
<p><strong>Hypothesis.</strong> ${experiment.hypothesis}</p>
${worst && html`<p>${worstInWords(worst, run)}</p>`}
${endedBy === "not-undone" && html`<p class="notice">A fault is still in force. <code>ring chaos recover</code> goes on undoing it.</p>`}`;
}

function worstInWords(worst: RoundRecord, { rounds }: ExperimentRun): string {
  const which = rounds.length === 1 ? "One round" : `The worst of ${rounds.length} rounds, number ${worst.number}`;
  return `${which}: ${roundInWords(worst, figureInWords)}.`;
}

function expectations(run: ExperimentRun): Content {
  return html`<section aria-labelledby="expectations"><h2 id="expectations">Expectations</h2>
${expectationsTable(run)}</section>`;
}

function reportOf2023(run: ExperimentRun): Content {
  const { experiment, rounds } = run;
  const reported = reportedAbout(experiment.id);
  if (reported === undefined) return undefined;
  const done = [
    ...new Set(rounds.flatMap(({ stages: each }) => each.flatMap(({ faults }) => faults.map(({ words }) => words)))),
  ];
  const worst = worstRound(run);
  const rows: Content[][] = [
    ["Fault", `${reported.fault}; by ${reported.means}`, done.length === 0 ? experiment.title : done.join("; ")],
    ["Expected", reported.expected, experiment.hypothesis],
    ["Saw", reported.saw, worst === undefined ? "–" : worstInWords(worst, run)],
  ];
  return html`<section aria-labelledby="report-of-2023"><h2 id="report-of-2023">Next to the report of 2023</h2>
${table("The report of 2023 and this run", [{ name: "" }, { name: "Report of 2023" }, { name: "This run" }], rows)}
${reported.difference && html`<p class="small">${reported.difference}</p>`}
<p class="small">The report's probes gave up after 5 s and counted slower answers as errors.</p></section>`;
}

function figures(run: ExperimentRun): Content {
  const { rounds } = run;
  const several = rounds.length > 1;
  const columns = [
    { name: "Figure" },
    ...(several ? ["Median", "Worst"] : []).map((name) => ({ name, isNumber: true })),
    ...rounds.map(({ number }) => ({ name: several ? `Round ${number}` : "Measured", isNumber: true })),
  ];
  const rows = FIGURES.flatMap((figure) => {
    const spread = spreadOf(valuesOf(figure, run));
    if (spread === undefined) return [];
    const overall = several ? [spread.median, worstOf(figure, spread)] : [];
    const each = rounds.map((round) => figure.of(round.figures));
    return [[figure.name, ...[...overall, ...each].map((value) => figureInWords(value, figure.unit))]];
  });
  if (rows.length === 0) return undefined;
  return html`<section aria-labelledby="figures"><h2 id="figures">Figures</h2>
${table("Figures", columns, rows)}</section>`;
}

function violations({ rounds }: ExperimentRun): Content {
  const rows = rounds.flatMap(({ number, figures: { violations: found } }) =>
    found.map(({ kind, what }) => [String(number), kind, what]),
  );
  if (rows.length === 0) return undefined;
  return html`<section aria-labelledby="violations"><h2 id="violations">What must not happen, and did</h2>
${table("What the history checker found", [{ name: "Round" }, { name: "Kind" }, { name: "What" }], rows)}</section>`;
}

function alerts({ rounds }: ExperimentRun): Content {
  const unknown = rounds.filter(({ alerts: came }) => came === null).map(({ number }) => number);
  const rows = rounds.flatMap(({ number, alerts: came }) => (came ?? []).map((alert) => alertCells(number, alert)));
  const columns = [
    { name: "Alert" },
    { name: "Machine" },
    { name: "Severity" },
    { name: "Status" },
    { name: "Round", isNumber: true },
    { name: "At second", isNumber: true },
    { name: "After the stage began", isNumber: true },
    { name: "Stage" },
  ];
  return html`<section aria-labelledby="alerts"><h2 id="alerts">Alerts</h2>
${unknown.length > 0 && html`<p>Nobody could say which alerts came in round ${unknown.join(", ")}: there was no monitoring to ask.</p>`}
${rows.length > 0 ? table("Alerts", columns, rows) : unknown.length < rounds.length && html`<p>None came.</p>`}</section>`;
}

function alertCells(round: number, { name, machine, severity, status, at, delay, stage }: RecordedAlert): Content[] {
  return [name, machine, severity, status, round, second(at).toFixed(1), figureInWords(delay, "ms"), stage];
}

function stages({ rounds }: ExperimentRun): Content {
  const columns = [
    { name: "Stage" },
    { name: "Round", isNumber: true },
    { name: "Machine" },
    { name: "Fault" },
    { name: "At second", isNumber: true },
    { name: "Injected in", isNumber: true },
    { name: "Undone at second", isNumber: true },
  ];
  const rows = rounds.flatMap(({ number, stages: all }) =>
    all.flatMap(({ name, from, to, faults }): Content[][] => {
      const waiting = [name, number, "–", "none: a time to wait", second(from).toFixed(1), "–", second(to).toFixed(1)];
      if (faults.length === 0) return [waiting];
      return faults.map(({ machine, words, at, injectedAt, undoneAt }) => [
        name,
        number,
        machine,
        words,
        second(at).toFixed(1),
        injectedAt === null ? "not injected" : figureInWords(injectedAt - at, "ms"),
        undoneAt === null ? html`<span class="bad">not undone</span>` : second(undoneAt).toFixed(1),
      ]);
    }),
  );
  if (rows.length === 0) return undefined;
  return html`<section aria-labelledby="stages"><h2 id="stages">Stages and faults</h2>
${table("Stages and faults", columns, rows)}</section>`;
}

function journal(run: ExperimentRun): Content {
  if (run.journal.length === 0) return undefined;
  const columns = [
    { name: "Time" },
    { name: "Round", isNumber: true },
    { name: "Second", isNumber: true },
    { name: "What" },
    { name: "Machine" },
    { name: "" },
  ];
  return html`<section aria-labelledby="journal"><h2 id="journal">Journal</h2>
${table("Journal", columns, run.journal.map(journalCells))}</section>`;
}

function journalCells({ time, round, at, event, machine, text }: JournalLine): Content[] {
  const clock = new Date(time).toISOString().slice(11, 23);
  return [clock, round ?? "–", at === undefined ? "–" : second(at).toFixed(1), event, machine ?? "–", text];
}

function changes({ experiment }: ExperimentRun): Content {
  const found = changesBecauseOf(experiment.id);
  if (found.length === 0) return undefined;
  const rows = found.map(({ change, effect, where }) => [change, effect, html`<code>${where}</code>`]);
  return html`<section aria-labelledby="changes"><h2 id="changes">What it has changed in the product</h2>
${table("What it has changed in the product", [{ name: "Change" }, { name: "Effect" }, { name: "Where" }], rows)}</section>`;
}

function setUp(run: ExperimentRun): Content {
  const { id, experiment, startedAt, endedAt, rounds, exit } = run;
  const { load, steadyState, abortWhen } = experiment;
  const length = duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  const background = load.background;
  const targets = rounds.map(
    ({ number, targets: of }) =>
      `round ${number}: ${Object.entries(of)
        .map(([name, machines]) => `${name} ${machines.join(", ")}`)
        .join("; ")}`,
  );
  return html`<section aria-labelledby="set-up"><h2 id="set-up">Set-up</h2>
${factTable("Set-up of the run", [
  ["Run", id],
  ["Start and end", `${moment(startedAt)} to ${moment(endedAt)} (${length})`],
  ["Rounds", `${rounds.length} of ${experiment.rounds}`],
  ["Machines", targets.join(" / ")],
  ["Steady state", steadyState.words],
  ["Probe", `${load.clients} clients, each reads and writes every ${load.intervalMs} ms`],
  [
    "Background load",
    background === null
      ? "none"
      : `${background.users} users, GET ${background.path} every ${background.intervalMs} ms`,
  ],
  ["Aborted when", abortWhen.length === 0 ? "never" : abortWhen.map(({ words }) => words).join("; ")],
  ["Stand", standInWords(run)],
  ["Commit", commitInWords(run)],
  ["Computer", computerInWords(run)],
  ["Exit code", String(exit)],
])}</section>`;
}

function files({ rounds }: ExperimentRun): Content {
  const ofRounds = rounds.flatMap(({ files: { history, background, roles } }) => [history, background, roles]);
  const all = ["run.json", "journal.jsonl", ...ofRounds.filter((file) => file !== null)];
  return html`<section aria-labelledby="files"><h2 id="files">Files beside this one</h2>
<ul>${all.map((file) => html`<li><a href="./${pathOf(file)}">${file}</a></li>`)}</ul></section>`;
}

function pathOf(file: string): string {
  return file.split("/").map(encodeURIComponent).join("/");
}
