/** The benchmark of the API: `npm run bench`. `--help` lists its options. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench, BenchCase, Finding } from "./bench.ts";
import { cases } from "./cases.ts";
import { findGroupMaker } from "./cgroup.ts";
import { Databases } from "./databases.ts";
import { apiProgram } from "./measured-programs.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { startProgram } from "./program.ts";
import { type CaseOutcome, page, type RunFacts, table } from "./report.ts";
import { UndoStack } from "./undo.ts";
import { verdictOn } from "./verdict.ts";

const resultPage = fileURLToPath(new URL("../../docs/results/api.md", import.meta.url));

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(argv);
    const unknown = options.only.find((name) => cases.every((each) => each.name !== name));
    if (unknown !== undefined) throw new Error(`no case is called ${unknown}; --list names them`);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  if (options.list) {
    for (const { name, about } of cases) console.log(`${name.padEnd(16)} ${about}`);
    return 0;
  }
  const undo = new UndoStack();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      console.error(`\n${signal}: ending what was started`);
      undo.undoAll().then(() => process.exit(signal === "SIGINT" ? 130 : 143));
    });
  }
  try {
    return await runCases(options, undo, argv);
  } finally {
    await undo.undoAll();
  }
}

async function runCases(options: Options, undo: UndoStack, argv: readonly string[]): Promise<number> {
  const started = new Date();
  const [loadBefore = Number.NaN] = loadavg();
  const maker = findGroupMaker();
  const limited = typeof maker !== "string";
  const cgroups: RunFacts["cgroups"] = limited ? { version: maker.version } : { missing: maker };
  console.log(limited ? `limits by cgroup v${maker.version}` : `UNLIMITED, only ratios are judged: ${maker}`);
  const directory = mkdtempSync(join(tmpdir(), "goldenring-bench-"));
  undo.add(() => rmSync(directory, { recursive: true, force: true }));
  const outcomes: CaseOutcome[] = [];
  let problems: string[] = [];
  const bench: Bench = {
    options,
    groups: limited ? maker : undefined,
    databases: new Databases(undo, async (url) => {
      const program = await startProgram(bench, apiProgram(options, url));
      await program.stop();
    }),
    undo,
    directory,
    bunArguments: options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`],
    log: (text) => console.log(`  ${text}`),
    fail: (problem) => {
      problems.push(problem);
      console.error(`  FAILED: ${problem}`);
    },
  };
  const chosen = cases.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  for (const [index, benchCase] of chosen.entries()) {
    console.log(`\n[${index + 1} of ${chosen.length}] ${benchCase.name}: ${benchCase.about}`);
    problems = [];
    const findings = await findingsOf(bench, benchCase);
    outcomes.push({ benchCase, findings, problems });
    if (findings.length > 0) console.log(`\n${table(findings, limited)}`);
  }
  const facts: RunFacts = {
    cgroups,
    command: ["npm run bench --", ...argv].join(" "),
    rounds: options.rounds,
    seconds: options.seconds,
    started,
    loadBefore,
    minutes: (Date.now() - started.getTime()) / 60_000,
  };
  if (options.write) writeWhole(resultPage, page(facts, outcomes));
  if (options.json !== undefined) writeWhole(options.json, `${JSON.stringify({ facts, outcomes }, null, 2)}\n`);
  return conclude(outcomes, limited);
}

/** A case that breaks off is a problem of that case; the others still run. */
async function findingsOf(bench: Bench, benchCase: BenchCase): Promise<readonly Finding[]> {
  try {
    return await benchCase.run(bench);
  } catch (error) {
    // A signal breaks a case off too; its handler then ends this process before anything is concluded or written.
    if (bench.undo.begun) await bench.undo.undoAll();
    bench.fail(messageOf(error));
    return [];
  }
}

/** Says how it went, and returns the exit code. */
function conclude(outcomes: readonly CaseOutcome[], limited: boolean): number {
  const verdicts = outcomes.flatMap(({ findings }) => findings.map((finding) => verdictOn(finding, limited)));
  const count = (verdict: string) => verdicts.filter((each) => each === verdict).length;
  const failures = outcomes.flatMap(({ problems }) => problems).length;
  console.log(
    `\n${count("held")} targets held, ${count("missed")} missed, ${count("not judged")} not judged; ${failures} failures`,
  );
  return count("missed") + count("not judged") + failures === 0 ? 0 : 1;
}

function writeWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
