import { median, shown } from "@goldenring/run-kit";
import { PARTS } from "../all/parts.ts";
import { SCENARIOS } from "../scenarios.ts";
import { type Bar, barsOf, type Load, perCpuSecond, sidesInWords } from "./bars.ts";
import { spreadInWords, type Unit, withUnit } from "./numbers.ts";
import { REPORT_OF_2023 } from "./report-of-2023.ts";
import type { ResultEntry, RunFigures, Side } from "./results.ts";

/** docs/results/load.md from the entries of load.json. */
export function resultsPage(entries: readonly ResultEntry[]): string {
  const facts = [
    ...new Set(entries.map(({ date, commit, machine, k6 }) => `${date}, commit ${commit}, ${machine}, k6 ${k6}`)),
  ];
  const commands = [...new Set(entries.map(({ command }) => command))];
  return [
    "# Results: load",
    "",
    "Written by `ring load all --write`; do not edit. The commands were:",
    "",
    ...commands.map((command) => `    ${command}`),
    "",
    ...facts.map((fact) => `- ${fact}`),
    "",
    "Objectives: 95 % of the answers within 600 ms, 90 % within 300 ms, at most 1 % not 2xx, at least 90 % of the checks hold. A user makes at",
    "most two requests a second. The report of 2023 had seven machines; here the stand, the load and the database share one computer.",
    ...neighbours(entries),
    "",
    "## Bars",
    "",
    "Of runs with a constant number of users the first 15 s count for nothing but failures and objectives. A goal is no bar.",
    "",
    bars(entries),
    "",
    "## Against the report and the baseline",
    "",
    "The baseline answers the same requests with one SQL query each, at the same limits. Medians of the runs; a capacity is the most users that",
    "held the objectives in a search, and the fewest that did not.",
    "",
    overview(entries),
    "",
    "## All figures",
    "",
    "Figures of several runs are the median (least to most). What gave out first, and from when on, follows the rules of",
    "`load/src/capacity/saturation.ts`. The service's own limit goes straight on from its CPU per request to all of its CPU.",
    "",
    ...entries.flatMap((entry) => [details(entry), ""]),
  ].join("\n");
}

/** How fast the computer was, as far as that is known. */
function neighbours(entries: readonly ResultEntry[]): string[] {
  const known = entries.flatMap(({ runs }) => valuesOf(runs, "memoryAccessNs"));
  if (known.length === 0) return [];
  return [
    `Before a run one access to memory took ${spreadInWords(known, "ns")}: the neighbours of a virtual computer make it slow, and with it all that`,
    "wakes up often. The tables say what it was before which run.",
  ];
}

function bars(entries: readonly ResultEntry[]): string {
  const inWords = ({ held, isGoal = false }: Bar): string =>
    held === undefined ? "–" : held ? "yes" : isGoal ? "not reached" : "**no**";
  const rows = barsOf(entries).map((bar) => [bar.scenario, bar.bar, bar.measured, inWords(bar)]);
  return markdownTable(["scenario", "bar", "measured", "held"], rows);
}

function overview(entries: readonly ResultEntry[]): string {
  const header = [
    "scenario",
    "data",
    "answers in",
    "report of 2023",
    "baseline",
    "ours",
    "requests per CPU second, ours / baseline",
  ];
  const places = [...new Set(entries.map(({ scenario, data, encoding }) => `${scenario} ${data} ${encoding}`))];
  const rows = places.map((place) => {
    const at = (side: Side): ResultEntry | undefined =>
      entries.find((each) => each.side === side && `${each.scenario} ${each.data} ${each.encoding}` === place);
    const [ours, baseline] = [at("ours"), at("baseline")];
    const known = ours ?? baseline;
    return [
      known?.scenario ?? "",
      known?.dataBefore ?? "",
      known?.encoding ?? "",
      reported(known),
      inShort(baseline),
      inShort(ours),
      ratio(entries, known),
    ];
  });
  return markdownTable(header, rows);
}

function reported(entry: ResultEntry | undefined): string {
  const result = REPORT_OF_2023.find(({ scenario, data }) => scenario === entry?.scenario && data === entry.data);
  if (result === undefined) return "–";
  if (result.users === 0) return "breaks at once";
  return [
    `${shown(result.users)} users`,
    withUnit(result.requestsPerSecond, "/s"),
    `${withUnit(result.meanMs, "ms")} mean`,
    ...(result.note === undefined ? [] : [result.note]),
  ].join(", ");
}

function inShort(entry: ResultEntry | undefined): string {
  if (entry === undefined) return "not measured";
  const { capacity } = entry;
  // With the ramp's the figures of a constant number of users would say nothing.
  const runs =
    PARTS.map((part) => entry.runs.filter((run) => run.part === part)).find((of) => of.length > 0) ?? entry.runs;
  return [
    ...(capacity === undefined ? [] : [`capacity ${capacityInWords(capacity)}`]),
    ...(runs.length === 0
      ? []
      : [usersInWords(runs), middle(runs, "requestsPerSecond", "/s"), `${middle(runs, "meanMs", "ms")} mean`]),
  ].join(", ");
}

function capacityInWords({ held, broke, ended }: NonNullable<ResultEntry["capacity"]>): string {
  const upper = broke === undefined ? "" : ` (not ${shown(broke)})`;
  const caution =
    ended === "found"
      ? ""
      : ended === "max" || ended === "most"
        ? ", no limit found"
        : `, search ended early: ${ended}`;
  return `${shown(held)} users${upper}${caution}`;
}

/** The runs' most users where all held, and where they broke otherwise. */
function usersInWords(runs: readonly RunFigures[]): string {
  const broke = runs.filter(({ held }) => !held);
  if (broke.length === 0) return `${shown(median(runs.map(({ maxUsers }) => maxUsers)))} users held`;
  const users = broke.flatMap(({ usersAtBreak }) => usersAtBreak ?? []);
  return `broke at ${users.length === 0 ? "once" : `${shown(median(users))} users`} in ${broke.length} of ${runs.length}`;
}

function ratio(entries: readonly ResultEntry[], place: ResultEntry | undefined): string {
  if (place === undefined) return "–";
  const { scenario, data, encoding, runs } = place;
  const loads = runs.filter(({ part }) => part === "baseline");
  // Where the sides had different loads, they stand beside each other all the same.
  const known = loads.map(({ replicas, maxUsers }) =>
    ratioAt(entries, { scenario, data, encoding, replicas, users: maxUsers }),
  );
  const found = [...new Set(known.filter((each) => each !== undefined))];
  return found.length > 0 ? found.join("; ") : (ratioAt(entries, { scenario, data, encoding }) ?? "–");
}

function ratioAt(
  entries: readonly ResultEntry[],
  place: Pick<ResultEntry, "scenario" | "data" | "encoding"> & Load,
): string | undefined {
  const of = (side: Side): number => perCpuSecond(entries, { ...place, side }) ?? Number.NaN;
  const times = of("ours") / of("baseline");
  if (!Number.isFinite(times)) return undefined;
  const by = place.users === undefined ? "" : `${sidesInWords(place).slice(2)}: `;
  return `${by}${shown(of("ours"))} / ${shown(of("baseline"))} = ${shown(times)} times`;
}

function details(entry: ResultEntry): string {
  const about = SCENARIOS.find(({ name }) => name === entry.scenario)?.about;
  const side = entry.side === "ours" ? "ours" : "baseline, one SQL query per request";
  const { runs, capacity } = entry;
  const rows: (readonly [string, string])[] = [];
  if (capacity !== undefined) {
    rows.push(["capacity", capacityInWords(capacity)]);
    rows.push([
      "at the capacity",
      `${withUnit(capacity.requestsPerSecond, "/s")}, P95 ${withUnit(capacity.p95Ms, "ms")}`,
    ]);
    rows.push(["gave out first beyond it", capacity.gaveOutFirst]);
    rows.push(["the service's own limit there", withUnit(capacity.ownLimitRequestsPerSecond, "/s")]);
  }
  const tables = [...Map.groupBy(runs, ({ part }) => part)].map(([part, of]) => figuresOf(part, of));
  return [
    `### ${entry.scenario}, ${entry.data === "full" ? "full data" : "base data"}, ${entry.encoding}: ${side}`,
    "",
    `In it, ${about ?? "what an earlier version did"}. It starts with ${entry.dataBefore}. ${entry.date}, commit ${entry.commit}.`,
    ...(rows.length === 0 ? [] : ["", markdownTable(["capacity", "value"], rows)]),
    ...tables.flatMap((each) => ["", each]),
  ].join("\n");
}

function figuresOf(part: string | undefined, runs: readonly RunFigures[]): string {
  const rows: (readonly [string, string])[] = [];
  rows.push(["runs", `${runs.length}: ${[...new Set(runs.map(({ load }) => load))].join("; ")}`]);
  rows.push(["users", usersInWords(runs)]);
  rows.push(["requests a second", spread(runs, "requestsPerSecond", "/s")]);
  rows.push(["latency, mean of the whole run", spread(runs, "meanMs", "ms")]);
  rows.push(["latency, P95", spread(runs, "p95Ms", "ms")]);
  rows.push(["failed requests", spread(runs, "failed", "")]);
  rows.push(["CPU of the busiest replica, share of its limit", spread(runs, "replicaCpu", "%")]);
  rows.push(["memory of a replica, most", spread(runs, "replicaMemoryMiB", "MiB")]);
  rows.push(["requests per CPU second of the replicas", spread(runs, "requestsPerCpuSecond", "")]);
  rows.push(["CPU of the ingress or HAProxy, the busier one", spread(runs, "ingressCpu", "%")]);
  rows.push(["CPU of the busiest database", spread(runs, "databaseCpu", "%")]);
  rows.push(["CPU of k6, of the whole computer", `${spread(runs, "k6Cpu", "%")}, ${spread(runs, "computerCpu", "%")}`]);
  rows.push(["one access to memory before the start", spread(runs, "memoryAccessNs", "ns")]);
  rows.push(["measured with", [...new Set(runs.map(({ date, commit }) => `${date}, ${commit}`))].join("; ")]);
  rows.push(["gave out first", [...new Set(runs.map(({ gaveOutFirst }) => gaveOutFirst))].join("; ")]);
  rows.push(["the service's own limit", spread(runs, "ownLimitRequestsPerSecond", "/s")]);
  return markdownTable([part ?? "figure", "value"], rows);
}

type Numeric = {
  [Name in keyof RunFigures]-?: NonNullable<RunFigures[Name]> extends number ? Name : never;
}[keyof RunFigures];

function valuesOf(runs: readonly RunFigures[], name: Numeric): number[] {
  return runs.flatMap((run) => run[name] ?? []);
}

function middle(runs: readonly RunFigures[], name: Numeric, unit: Unit): string {
  return withUnit(median(valuesOf(runs, name)), unit);
}

function spread(runs: readonly RunFigures[], name: Numeric, unit: Unit): string {
  return spreadInWords(valuesOf(runs, name), unit);
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  // A bar or a line's end in a cell would end it.
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
