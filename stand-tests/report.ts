import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { RequestFigures } from "../chaos/src/index.ts";
import { FAULTS } from "./faults.ts";
import { barsOf } from "./options.ts";
import type { RoundResult } from "./round.ts";

const PAGE = fileURLToPath(new URL("../docs/results/stand.md", import.meta.url));
const DATA = fileURLToPath(new URL("../docs/results/stand.json", import.meta.url));

/** All rounds of one fault in one run. */
export interface FaultResult {
  readonly name: string;
  readonly about: string;
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly rounds: readonly RoundResult[];
}

export function faultResult(name: string, about: string, rounds: readonly RoundResult[]): FaultResult {
  return { name, about, date: new Date().toISOString().slice(0, 10), commit: commit(), machine: machine(), rounds };
}

/** Adds to what the files have of other faults, and replaces what they have of these. */
export function writeResults(results: readonly FaultResult[], command: string): void {
  const known: readonly FaultResult[] = existsSync(DATA) ? JSON.parse(readFileSync(DATA, "utf8")) : [];
  const merged = FAULTS.flatMap(
    ({ name }) => results.find((each) => each.name === name) ?? known.find((each) => each.name === name) ?? [],
  );
  writeFileSync(DATA, `${JSON.stringify(merged, rounded, 1)}\n`);
  writeFileSync(PAGE, page(merged, command));
}

export function page(results: readonly FaultResult[], command: string): string {
  const facts = [...new Set(results.map(({ date, commit: at, machine: on }) => `${date}, commit ${at}, ${on}`))];
  return [
    "# Results: the stand under faults",
    "",
    "Written by `npm run test:stand -- --write`; the last time by:",
    "",
    `    ${command}`,
    "",
    ...facts.map((fact) => `- ${fact}`),
    "",
    "Four clients read and write through the ingress, each every 50 ms on connections of its own ([history.md](../history.md) says what is",
    "read, written and judged). Figures are median / worst of the rounds. Failed writes are refused, never sent, or without an answer after 35 s.",
    "",
    table(results),
    "",
    "Wrong: acknowledged writes lost, stored twice or changed, stale or contradictory reads, and moments with two primaries; all rounds together.",
    "",
  ].join("\n");
}

/** One row for each fault. */
export function table(results: readonly FaultResult[]): string {
  const header = [
    "fault",
    "rounds",
    "failed reads",
    "failed writes",
    "longest GET",
    "longest POST or PUT",
    "longest gap of writes",
    "new primary after",
    "wrong",
    "bars",
    "held",
  ];
  const rows = results.map(({ name, about, rounds }) => [
    about,
    String(rounds.length),
    String(sum(rounds.map(({ reads }) => reads.failed))),
    String(sum(rounds.map(({ writes }) => failedWrites(writes)))),
    seconds(rounds.map(({ reads }) => reads.longest)),
    seconds(rounds.map(({ writes }) => writes.longest)),
    seconds(rounds.map(({ writes }) => writes.longestGap)),
    seconds(rounds.flatMap(({ newPrimaryMs }) => newPrimaryMs ?? [])),
    String(sum(rounds.map(({ violations, twoPrimaries }) => violations.length + twoPrimaries))),
    barsOf(name),
    rounds.every(({ misses }) => misses.length === 0)
      ? "yes"
      : `in ${rounds.filter(({ misses }) => misses.length === 0).length}`,
  ]);
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** All rounds of one fault with one setting changed. */
export interface VariantResult {
  readonly variant: string;
  readonly fault: string;
  readonly rounds: readonly RoundResult[];
}

export function settingsPage(results: readonly VariantResult[]): string {
  return [
    "# Results: what each setting is worth under packet loss",
    "",
    "Written by `bun stand-tests/settings-study.ts --write`. One setting of `rto: fast` is changed at a time; each row is the same fault as in",
    "[stand.md](stand.md), median / worst of its rounds.",
    "",
    `- ${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${machine()}`,
    "",
    settingsTable(results),
    "",
  ].join("\n");
}

export function settingsTable(results: readonly VariantResult[]): string {
  const header = [
    "setting",
    "fault",
    "rounds",
    "failed reads",
    "failed writes",
    "writes done",
    "longest POST or PUT",
    "longest gap of writes",
    "other primary",
  ];
  const rows = results.map(({ variant, fault, rounds }) => [
    variant,
    fault,
    String(rounds.length),
    String(sum(rounds.map(({ reads }) => reads.failed))),
    String(sum(rounds.map(({ writes }) => failedWrites(writes)))),
    String(Math.round(sum(rounds.map(({ writes }) => writes.count)) / Math.max(1, rounds.length))),
    seconds(rounds.map(({ writes }) => writes.longest)),
    seconds(rounds.map(({ writes }) => writes.longestGap)),
    String(rounds.filter(({ newPrimaryMs }) => newPrimaryMs !== undefined).length),
  ]);
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** What a person sees of a round when it is over. */
export function roundLine({ reads, writes, newPrimaryMs, steadyAgainMs, misses }: RoundResult): string {
  const figures = [
    `${reads.failed} of ${reads.count} reads failed`,
    `${failedWrites(writes)} of ${writes.count} writes failed`,
    `longest GET ${oneSeconds(reads.longest)}`,
    `longest write ${oneSeconds(writes.longest)}`,
    newPrimaryMs === undefined ? "same primary" : `new primary after ${oneSeconds(newPrimaryMs)}`,
    `steady again after ${oneSeconds(steadyAgainMs)}`,
  ].join(", ");
  return misses.length === 0 ? `held: ${figures}` : `MISSED: ${misses.join("; ")} (${figures})`;
}

function failedWrites({ failed, unknown }: RequestFigures): number {
  return failed + unknown;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Median / worst. */
function seconds(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const worst = sorted.at(-1);
  if (worst === undefined) return "none";
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? worst) + (sorted[Math.floor(middle)] ?? worst)) / 2;
  return `${oneSeconds(median)} / ${oneSeconds(worst)}`;
}

function oneSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Milliseconds with one decimal are exact enough to keep. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 10) / 10 : value;
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`;
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
