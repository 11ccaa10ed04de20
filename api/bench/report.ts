import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import type { BenchCase, Finding } from "./bench.ts";
import { median, verdictOn } from "./verdict.ts";

export interface CaseOutcome {
  readonly benchCase: BenchCase;
  readonly findings: readonly Finding[];
  /** Wrong or missing answers, or why the case could not be run. */
  readonly problems: readonly string[];
}

export interface RunFacts {
  /** "v1", "v2", or why nothing was limited. */
  readonly cgroups: { readonly version: 1 | 2 } | { readonly missing: string };
  readonly command: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly started: Date;
  /** Of the minute before the start: above 1 something else was busy on this computer. */
  readonly loadBefore: number;
  readonly minutes: number;
}

/** The table of one case, as Markdown that also reads well in a terminal. */
export function table(findings: readonly Finding[], limited: boolean): string {
  const rows = [["what", "unit", "target", "median", "min", "max", "verdict"]];
  for (const finding of findings) {
    rows.push([
      finding.what,
      limited || finding.unit === "ratio" ? finding.unit : `${finding.unit}, unlimited`,
      finding.target === undefined ? "" : `${finding.target.kind} ${finding.target.value}`,
      shown(median(finding.values)),
      shown(Math.min(...finding.values)),
      shown(Math.max(...finding.values)),
      verdictOn(finding, limited),
    ]);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => pad(cell, column, widths)).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => `${"-".repeat(width + 1)}${isNumber(column) ? ":" : "-"}`).join("|")}|`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join("\n");
}

/** Columns of numbers stand to the right. */
function isNumber(column: number): boolean {
  return column >= 3 && column <= 5;
}

function pad(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
}

function shown(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** The page kept in docs/results. */
export function page(facts: RunFacts, outcomes: readonly CaseOutcome[]): string {
  const limited = "version" in facts.cgroups;
  const [cpu] = cpus();
  const parts = [
    "# Benchmark of the API",
    "",
    `Written by \`${facts.command}\`; do not edit. ${facts.started.toISOString().slice(0, 16).replace("T", " ")} UTC, ${facts.minutes.toFixed(0)} minutes, commit ${commit()}.`,
    "",
    `- Machine: ${cpu?.model ?? "unknown processor"}, ${cpus().length} cores, ${(totalmem() / 1024 ** 3).toFixed(0)} GB, kernel ${release()}, Bun ${process.versions.bun}. Load, PostgreSQL and the measured process share it; load average before the start ${facts.loadBefore.toFixed(2)}.`,
    limited
      ? `- Limits: cgroup v${"version" in facts.cgroups ? facts.cgroups.version : ""}, 25 ms of CPU in each 100 ms, 128 MiB without swap (256 MiB for the million); the same for every baseline. The load process and PostgreSQL are not limited.`
      : `- **Unlimited**: ${"missing" in facts.cgroups ? facts.cgroups.missing : ""}. Only ratios are judged.`,
    `- ${facts.rounds} rounds; in each round product and baselines take turns of ${facts.seconds} s, so that noise hits both. A ratio is made within a round. The median is judged, for memory the worst round.`,
    "- Memory charged is what counts against the limit: the group's memory with socket buffers, without file pages, which the kernel takes back before it kills. A process that is killed for lack of memory fails its case.",
    "- Open loop: latency counts from the moment a request was due, so that a stall is not hidden; the schedule has a grain of 1 ms.",
    "- Every status is checked, and in each run several bodies are decoded, parsed and compared with the database.",
  ];
  for (const { benchCase, findings, problems } of outcomes) {
    parts.push("", `## ${benchCase.name}`, "", benchCase.about, "");
    if (findings.length > 0) parts.push(table(findings, limited));
    for (const problem of problems) parts.push("", `**Failed**: ${problem.split("\n")[0]}`);
  }
  return `${parts.join("\n")}\n`;
}

function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", cwd: import.meta.dirname }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "..") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? " with changes not committed" : ""}`;
  } catch {
    return "unknown (no git)";
  }
}
