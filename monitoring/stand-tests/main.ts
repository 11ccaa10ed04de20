/** Faults done to the stand, and how long their alerts take to arrive. `--help` says what it can do. */
import { SWITCHOVER as DECLARED, FAULTS, switchOver } from "./faults.ts";
import { list, type Options, parseOptions, QUIET, SWITCHOVER, UsageError, usage, WATCHING } from "./options.ts";
import { quietLine, type Result, roundLine, tables, watchingLine, whereItRan, writeResults } from "./report.ts";
import { playQuiet, playRound } from "./round.ts";
import { Stand } from "./stand.ts";
import type { Waiting } from "./wait.ts";
import { playWatching } from "./watching.ts";

const EXIT = { held: 0, missed: 1, usage: 2, SIGINT: 130, SIGTERM: 143 } as const;
/** The longest window of an alert that a switchover could set off, and its way to the receiver. */
const MINUTES_AFTER_SWITCHOVER = 4;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return EXIT.usage;
  }
  if (options.help || options.list) {
    console.log(options.help ? usage : list());
    return EXIT.held;
  }
  const interrupted = onSignal();
  try {
    return await playAll(await Stand.open(), options, argv, interrupted);
  } catch (error) {
    console.error(messageOf(error));
    return EXIT.missed;
  }
}

async function playAll(
  stand: Stand,
  options: Options,
  argv: readonly string[],
  interrupted: AbortSignal,
): Promise<number> {
  say("putting right what an earlier run may have left");
  await stand.putRight();
  const results: Result[] = [];
  let allHeld = true;
  for (const name of options.chosen) {
    if (interrupted.aborted) break;
    const { result, held } = await playOne(name, stand, options, interrupted);
    if (result.rounds.length > 0) results.push(result);
    allHeld &&= held;
  }
  if (results.length > 0) console.log(`\n${tables(results)}\n`);
  if (interrupted.aborted) return EXIT[interrupted.reason === "SIGTERM" ? "SIGTERM" : "SIGINT"];
  if (options.write) writeResults(results, ["bun monitoring/stand-tests/main.ts", ...argv].join(" "));
  return allHeld ? EXIT.held : EXIT.missed;
}

async function playOne(
  name: string,
  stand: Stand,
  { rounds, quietMinutes }: Options,
  signal: AbortSignal,
): Promise<{ readonly result: Result; readonly held: boolean }> {
  const fault = FAULTS.find((each) => each.name === name);
  const base = { name, where: whereItRan() };
  if (fault !== undefined) {
    const { played, held } = await repeat(
      name,
      rounds,
      stand,
      signal,
      (waiting) => playRound(fault, waiting),
      roundLine,
    );
    return { result: { ...base, kind: "fault", about: fault.about, rounds: played }, held };
  }
  if (name === WATCHING) {
    const { played, held } = await repeat(name, 1, stand, signal, playWatching, watchingLine);
    return { result: { ...base, kind: WATCHING, about: "what watching misses and costs", rounds: played }, held };
  }
  const isSwitchover = name === SWITCHOVER;
  const { played, held } = await repeat(
    name,
    isSwitchover ? rounds : 1,
    stand,
    signal,
    (waiting) =>
      isSwitchover
        ? playQuiet(waiting, MINUTES_AFTER_SWITCHOVER, DECLARED, switchOver)
        : playQuiet(waiting, quietMinutes),
    quietLine,
  );
  const about = isSwitchover ? "planned switchover" : "nothing is done";
  return { result: { ...base, kind: QUIET, about, rounds: played }, held };
}

async function repeat<Round extends { readonly misses: readonly string[] }>(
  name: string,
  rounds: number,
  stand: Stand,
  signal: AbortSignal,
  play: (waiting: Waiting) => Promise<Round>,
  line: (round: Round) => string,
): Promise<{ readonly played: readonly Round[]; readonly held: boolean }> {
  const played: Round[] = [];
  let held = true;
  for (let number = 1; number <= rounds && !signal.aborted; number += 1) {
    const sayHere = (text: string): void => say(`${name} ${number}/${rounds}: ${text}`);
    try {
      const round = await play({ stand, signal, say: sayHere });
      played.push(round);
      sayHere(line(round));
      if (round.misses.length > 0) held = false;
    } catch (error) {
      held = false;
      sayHere(signal.aborted ? "interrupted; the fault is undone" : `not played to its end: ${messageOf(error)}`);
      // The figures so far are worth keeping whatever comes; the next round says what is still wrong.
      await stand.putRight().catch((failure: unknown) => sayHere(`not put right: ${messageOf(failure)}`));
    }
  }
  return { played, held };
}

/** The first signal ends the round in order; a second one ends the process, and leaves the fault to the machine's timer. */
function onSignal(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(EXIT[signal]);
      console.error(`\n${signal}: undoing the fault; once more ends at once`);
      interrupted.abort(signal);
    });
  }
  return interrupted.signal;
}

function say(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
