import {
  escapeMarkdown,
  markdownTable,
  median,
  plural,
  type ResultsFile,
  resultsPage,
  shortCommit,
  shown,
  spreadText,
  type Unit,
  withUnit,
  writeResults,
} from "@goldenring/run-kit";
import { PARTS } from "../all/parts.ts";
import { figuresOf2023, scenarioNamed } from "../scenarios.ts";
import { entriesOf, type MeasuredLoad, mergeEntries, ResultEntry, type RunFigures, type Side } from "./results.ts";
import { type LoadOfSides, perCpuSecond, sidesText, targetsOf, timesText, verdictOf } from "./targets.ts";

function loadResultsPage(entries: readonly ResultEntry[]): string {
  return resultsPage({
    title: "load",
    writtenBy: "ring load all --write",
    commands: entries.map(({ command }) => command),
    facts: entries.map(
      ({ date, commit, computer, k6 }) => `${date}, commit ${shortCommit(commit)}, ${computer}, k6 ${k6}`,
    ),
    body: [
      "Objectives: 95 % of the answers within 600 ms, 90 % within 300 ms, at most 1 % not 2xx, at least 90 % of the checks hold. A user makes at",
      "most two requests per second. The stand of 2023 had seven machines; here the stand, the load and the database share one computer.",
      ...memorySpeed(entries),
      "",
      "## Targets",
      "",
      "In runs with a constant number of users, the first 15 s count only for failures and objectives. A missed goal does not fail the run.",
      "",
      targets(entries),
      "",
      "## Compared with the 2023 baseline and with one SQL query per request",
      "",
      "The baseline of the same run answers the same requests with one SQL query each, within the same limits. Figures are medians of the runs. A",
      "capacity is the highest number of users that held the objectives in a search; the lowest number that missed one is in parentheses.",
      "",
      overview(entries),
      "",
      "## All figures",
      "",
      "Figures of several runs are the median (min to max). The first resource at its limit is found by the rules in",
      "`load/src/capacity/saturation.ts`. The limit of the replicas is their rate divided by the share of CPU that they used: an upper bound.",
      "",
      ...entries.flatMap((entry) => [details(entry), ""]),
    ],
  });
}

function memorySpeed(entries: readonly ResultEntry[]): string[] {
  const known = entries.flatMap(({ runs }) => valuesOf(runs, "memoryAccessNs"));
  if (known.length === 0) return [];
  return [
    `Before a run, one access to memory took ${spreadText(known, "ns")}. Other tenants of a virtual computer slow it down, and with it everything`,
    "that wakes up often. The tables have the value of each run.",
  ];
}

function targets(entries: readonly ResultEntry[]): string {
  const rows = targetsOf(entries).map((each) => [each.scenario, each.target, each.measured, verdictOf(each) ?? "–"]);
  return markdownTable(["scenario", "target", "measured", "verdict"], rows);
}

function overview(entries: readonly ResultEntry[]): string {
  const placeOf = ({ scenario, data, encoding }: ResultEntry): string => `${scenario} ${data} ${encoding}`;
  const rows = [...Map.groupBy(entries, placeOf).values()].flatMap((of) => {
    const at = (side: Side): ResultEntry | undefined => of.find((each) => each.side === side);
    const known = at("ours") ?? at("baseline");
    if (known === undefined) return [];
    const { scenario, data, dataBefore, encoding } = known;
    const ran = scenarioNamed(scenario);
    const in2023 = (ran && figuresOf2023(ran, data)) ?? "–";
    const [baseline, ours] = [inShort(at("baseline")), inShort(at("ours"))];
    return [[scenario, dataBefore, encoding, in2023, baseline, ours, ratio(entries, known)]];
  });
  const goldenring = ["one query per request", "Goldenring", "requests per CPU second, both"];
  return markdownTable(["scenario", "data", "encoding", "2023 baseline", ...goldenring], rows);
}

function inShort(entry: ResultEntry | undefined): string {
  if (entry === undefined) return "not measured";
  const { capacity } = entry;
  // With the ramp's the figures of a constant number of users would mean nothing.
  const runs =
    PARTS.map((part) => entry.runs.filter((run) => run.part === part)).find((of) => of.length > 0) ?? entry.runs;
  const middle = (name: Numeric, unit: Unit): string => withUnit(median(valuesOf(runs, name)), unit);
  const figures = () => [usersText(runs), middle("requestsPerSecond", "/s"), `${middle("meanMs", "ms")} mean`];
  const first = capacity === undefined ? [] : [`capacity ${capacityText(capacity)}`];
  return [...first, ...(runs.length === 0 ? [] : figures())].join(", ");
}

function capacityText({ held, broke, ended }: NonNullable<ResultEntry["capacity"]>): string {
  const upper = broke === undefined ? "" : ` (not ${shown(broke)})`;
  if (ended === "found") return `${shown(held)} users${upper}`;
  const why = ended === "max" || ended === "most" ? "no limit found" : `search ended early: ${ended}`;
  return `${shown(held)} users${upper}, ${why}`;
}

/** The users of the runs where all held; otherwise where an objective was missed. */
function usersText(runs: readonly RunFigures[]): string {
  const missed = runs.filter(({ held }) => !held);
  if (missed.length === 0) return `${shown(median(runs.map(({ maxUsers }) => maxUsers)))} users held`;
  const users = missed.flatMap(({ usersAtBreak }) => usersAtBreak ?? []);
  const place = users.length === 0 ? "at once" : `at ${shown(median(users))} users`;
  return `missed an objective ${place} in ${missed.length} of ${plural(runs.length, "run")}`;
}

function ratio(entries: readonly ResultEntry[], { scenario, data, encoding, runs }: ResultEntry): string {
  const where = { scenario, data, encoding };
  const loads = runs.filter(({ part }) => part === "baseline");
  // Where the sides had different loads, they are compared all the same.
  const known = loads.map(({ replicas, maxUsers: users }) => ratioAt(entries, { ...where, replicas, users }));
  const found = [...new Set(known.filter((each) => each !== undefined))];
  return found.length > 0 ? found.join("; ") : (ratioAt(entries, where) ?? "–");
}

type Place = Pick<ResultEntry, "scenario" | "data" | "encoding"> & LoadOfSides;

function ratioAt(entries: readonly ResultEntry[], place: Place): string | undefined {
  const of = (side: Side): number | undefined => perCpuSecond(entries, { ...place, side });
  const [ours, baseline] = [of("ours"), of("baseline")];
  if (ours === undefined || !baseline) return undefined;
  const by = place.users === undefined ? "" : `${sidesText(place).slice(2)}: `;
  return by + timesText(ours, baseline);
}

function details(entry: ResultEntry): string {
  const about = scenarioNamed(entry.scenario)?.about ?? "a scenario of an earlier version ran";
  const side = entry.side === "ours" ? "Goldenring" : "one SQL query per request";
  const tables = [...Map.groupBy(entry.runs, ({ part }) => part)].map(([part, runs]) =>
    markdownTable([part ?? "figure", "value"], figureRows(runs)),
  );
  return [
    `### ${escapeMarkdown(`${entry.scenario}, ${entry.data} data, ${entry.encoding}: ${side}`)}`,
    "",
    escapeMarkdown(
      `In it, ${about}. It starts with ${entry.dataBefore}. ${entry.date}, commit ${shortCommit(entry.commit)}.`,
    ),
    ...(entry.capacity === undefined ? [] : ["", capacityTable(entry.capacity)]),
    ...tables.flatMap((each) => ["", each]),
  ].join("\n");
}

function capacityTable(capacity: NonNullable<ResultEntry["capacity"]>): string {
  const { requestsPerSecond, p95Ms, saturated, replicaLimitRequestsPerSecond } = capacity;
  return markdownTable(
    ["capacity", "value"],
    [
      ["capacity", capacityText(capacity)],
      ["at the capacity", `${withUnit(requestsPerSecond, "/s")}, P95 ${withUnit(p95Ms, "ms")}`],
      ["saturated first beyond it", saturated],
      ["limit of the replicas there", withUnit(replicaLimitRequestsPerSecond, "/s")],
    ],
  );
}

function figureRows(runs: readonly RunFigures[]): (readonly [string, string])[] {
  const each = (of: (run: RunFigures) => string): string => [...new Set(runs.map(of))].join("; ");
  const spread = (name: Numeric, unit: Unit): string => spreadText(valuesOf(runs, name), unit);
  return [
    ["runs", `${runs.length}: ${each(({ load }) => load)}`],
    ["users", usersText(runs)],
    ["requests per second", spread("requestsPerSecond", "/s")],
    ["latency, mean of the whole run", spread("meanMs", "ms")],
    ["latency, P95", spread("p95Ms", "ms")],
    ["failed requests", spread("failed", "")],
    ["CPU of the busiest replica, share of its limit", spread("replicaCpu", "%")],
    ["memory of a replica, highest", spread("replicaMemoryMiB", "MiB")],
    ["requests per CPU second of the replicas", spread("requestsPerCpuSecond", "")],
    ["CPU of the ingress or HAProxy, the busier one", spread("ingressCpu", "%")],
    ["CPU of the busiest database", spread("databaseCpu", "%")],
    ["CPU of k6, of the whole computer", `${spread("k6Cpu", "%")}, ${spread("computerCpu", "%")}`],
    ["one access to memory before the start", spread("memoryAccessNs", "ns")],
    ["measured with", each(({ date, commit = "" }) => `${date}, ${shortCommit(commit)}`)],
    ["saturated first", each(({ saturated }) => saturated)],
    ["limit of the replicas", spread("replicaLimitRequestsPerSecond", "/s")],
  ];
}

type Numeric = {
  [Name in keyof RunFigures]-?: NonNullable<RunFigures[Name]> extends number ? Name : never;
}[keyof RunFigures];

function valuesOf(runs: readonly RunFigures[], name: Numeric): number[] {
  return runs.flatMap((run) => run[name] ?? []);
}

const RESULTS: ResultsFile<ResultEntry> = {
  name: "load",
  schema: ResultEntry,
  merge: mergeEntries,
  round: (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(4))),
  page: loadResultsPage,
};

/** Replaces what docs/results/load.json and load.md have about the same scenario, data, encoding and side. @throws {CommandError} as `writeResults` */
export function writeLoadResults(measured: MeasuredLoad, folder?: string): Promise<ResultEntry[]> {
  return writeResults(RESULTS, entriesOf(measured), folder);
}
