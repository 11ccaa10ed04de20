import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { FAULTS } from "./faults.ts";
import { BAR, type Other, seconds } from "./judge.ts";
import { QUIET, SWITCHOVER, WATCHING } from "./options.ts";
import type { QuietResult, RoundResult } from "./round.ts";
import { median, WATCHING_BAR, type WatchingResult } from "./watching.ts";

const RESULTS = join(import.meta.dirname, "../../docs/results");
const PAGE = join(RESULTS, "monitoring.md");
const DATA = join(RESULTS, "monitoring.json");

/** All rounds of one thing in one run. */
interface Played {
  readonly name: string;
  readonly about: string;
  /** Day, commit and computer. */
  readonly where: string;
}

export interface FaultResult extends Played {
  readonly kind: "fault";
  readonly rounds: readonly RoundResult[];
}

export interface QuietTimes extends Played {
  readonly kind: "quiet";
  readonly rounds: readonly QuietResult[];
}

export interface Watched extends Played {
  readonly kind: "watching";
  readonly rounds: readonly WatchingResult[];
}

export type Result = FaultResult | QuietTimes | Watched;

/** The place of this run. */
export function whereItRan(): string {
  const [cpu] = cpus();
  const computer = `${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`;
  return `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${computer}`;
}

/** Adds to what the files have of others, and replaces what they have of these. */
export function writeResults(results: readonly Result[], command: string): void {
  const known: readonly Result[] = existsSync(DATA) ? JSON.parse(readFileSync(DATA, "utf8")) : [];
  const order = [QUIET, WATCHING, SWITCHOVER, ...FAULTS.map(({ name }) => name)];
  const merged = order.flatMap(
    (name) => results.find((each) => each.name === name) ?? known.find((each) => each.name === name) ?? [],
  );
  writeFileSync(DATA, `${JSON.stringify(merged, undefined, 1)}\n`);
  writeFileSync(PAGE, page(merged, command));
}

export function page(results: readonly Result[], command: string): string {
  const places = [...new Set(results.map(({ where }) => where))];
  return [
    "# Results: when alerts arrive",
    "",
    "Written by `monitoring/stand-tests/main.ts --write`; the last time by:",
    "",
    `    ${command}`,
    "",
    ...places.map((place) => `- ${place}`),
    "",
    "Told after: from the moment before the fault is made to the first notification at the receiver. Over after: from the end of the fault's undoing to",
    "the notice that the alert is resolved. Median / worst of the rounds. Others: alerts that the fault brings along, all rounds together.",
    "CPU of watching: the same replicas, idle, for a minute each with Prometheus and the blackbox exporter stopped and with them; three pairs, median",
    "(range) over all pairs and replicas of what API and node_exporter take more.",
    "",
    tables(results),
    "",
  ].join("\n");
}

/** What was played, as tables. */
export function tables(results: readonly Result[]): string {
  const faults = results.filter((result) => result.kind === "fault");
  const quiet = results.filter((result) => result.kind === "quiet");
  const watched = results.filter((result) => result.kind === "watching").flatMap(({ rounds }) => rounds);
  return [
    faults.length === 0 ? "" : faultTable(faults),
    quiet.length === 0 ? "" : quietTable(quiet),
    ...watched.map(watchingTable),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function faultTable(results: readonly FaultResult[]): string {
  const rows = results.map(({ name, about, rounds }) => [
    about,
    rounds[0]?.expected ?? "",
    [...new Set(rounds.map(({ severity }) => severity).filter(Boolean))].join(", "),
    String(rounds.length),
    medianAndWorst(rounds.map(({ notifiedAfterMs }) => notifiedAfterMs)),
    seconds(rounds.some(({ severity }) => severity === "critical") ? BAR.critical : BAR.other),
    medianAndWorst(rounds.map(({ resolvedAfterMs }) => resolvedAfterMs)),
    othersText(rounds.flatMap(({ others }) => others)),
    FAULTS.find((fault) => fault.name === name)?.report ?? "",
    heldText(rounds),
  ]);
  const header = [
    "fault",
    "alert",
    "severity",
    "rounds",
    "told after",
    "bar",
    "over after",
    "others",
    "in 2023",
    "held",
  ];
  return markdown(header, rows);
}

function quietTable(results: readonly QuietTimes[]): string {
  const rows = results.map(({ about, rounds }) => [
    about,
    rounds.map(({ minutes }) => minutes).join(" + "),
    othersText(rounds.flatMap(({ others }) => others)),
    heldText(rounds),
  ]);
  return markdown(["without a fault", "minutes", "alerts", "held"], rows);
}

function watchingTable(result: WatchingResult): string {
  const { targets, targetsUp, queries, rightlyEmpty, failedQueries, prometheusMb, replicaCpu } = result;
  const cost = `${median(replicaCpu).toFixed(2)} % (${Math.min(...replicaCpu).toFixed(2)} to ${Math.max(...replicaCpu).toFixed(2)})`;
  const rows = [
    ["targets up", `${targetsUp} of ${targets}`, `${WATCHING_BAR.targets} %`],
    [
      "queries of panels and rules without data",
      `${failedQueries.length} of ${queries}; ${rightlyEmpty} more are rightly empty`,
      String(WATCHING_BAR.failedQueries),
    ],
    ["memory of Prometheus", `${prometheusMb.toFixed(0)} MB`, `under ${WATCHING_BAR.prometheusMb} MB`],
    ["CPU of a replica that watching takes, of its limit", cost, `under ${WATCHING_BAR.replicaCpu} %`],
  ];
  return markdown(["watching", "measured", "bar"], rows);
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function heldText(rounds: readonly { readonly misses: readonly string[] }[]): string {
  const held = rounds.filter(({ misses }) => misses.length === 0).length;
  return held === rounds.length ? "yes" : `in ${held}`;
}

function othersText(others: readonly Other[]): string {
  const names = others.map(({ alert, isDeclared }) => (isDeclared ? alert : `${alert} (not declared)`));
  return [...new Set(names)].sort().join(", ") || "none";
}

function medianAndWorst(milliseconds: readonly (number | undefined)[]): string {
  const known = milliseconds.filter((each) => each !== undefined);
  if (known.length === 0) return "never";
  const never = milliseconds.length - known.length;
  return `${seconds(median(known))} / ${seconds(Math.max(...known))}${never === 0 ? "" : `, ${never} never`}`;
}

/** What a person sees of a round when it is over. */
export function roundLine({ misses, notifiedAfterMs, resolvedAfterMs, others }: RoundResult): string {
  const told = notifiedAfterMs === undefined ? "never told" : `told after ${seconds(notifiedAfterMs)}`;
  const over = resolvedAfterMs === undefined ? "never over" : `over after ${seconds(resolvedAfterMs)}`;
  return heldLine(misses, `${told}, ${over}, others: ${othersText(others)}`);
}

export function quietLine({ misses, others }: QuietResult): string {
  return heldLine(misses, `alerts: ${othersText(others)}`);
}

export function watchingLine(result: WatchingResult): string {
  const { targets, targetsUp, queries, failedQueries, prometheusMb, replicaCpu, misses } = result;
  const figures = `${targetsUp} of ${targets} targets up, ${failedQueries.length} of ${queries} queries without data, Prometheus ${prometheusMb.toFixed(0)} MB, ${median(replicaCpu).toFixed(2)} % of a replica's CPU`;
  return heldLine(misses, figures);
}

function heldLine(misses: readonly string[], figures: string): string {
  return misses.length === 0 ? `held: ${figures}` : `MISSED: ${misses.join("; ")} (${figures})`;
}

function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, {
        cwd: import.meta.dirname,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "--", ":/", ":(top,exclude)docs/results") === "" ? "" : " with changes"}`;
  } catch {
    return "unknown";
  }
}
