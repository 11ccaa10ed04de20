/** Faults done to the stand, with a verdict: `npm run test:stand`. `--help` says what it can do. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { list, type Options, parseOptions, UsageError, usage } from "./options.ts";
import { putRight } from "./put-right.ts";
import { type FaultResult, faultResult, roundLine, table, writeResults } from "./report.ts";
import { playRound, type RoundResult } from "./round.ts";
import { Stand } from "./stand.ts";

const EXIT = { held: 0, missed: 1, usage: 2, SIGINT: 130, SIGTERM: 143 } as const;

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
    const stand = await Stand.open();
    try {
      return await playAll(stand, options, argv, interrupted);
    } finally {
      stand.disconnect();
    }
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
  const folder = options.keep ?? mkdtempSync(join(tmpdir(), "goldenring-stand-"));
  say("putting right what an earlier run may have left");
  await putRight(stand);
  const results: FaultResult[] = [];
  let allHeld = true;
  for (const { fault, rounds } of options.faults) {
    const played: RoundResult[] = [];
    for (let number = 0; number < rounds && !interrupted.aborted; number += 1) {
      const name = `${fault.name} ${number + 1}/${rounds}`;
      const roundFolder = join(folder, `${fault.name}-${number + 1}`);
      const sayHere = (line: string): void => say(`${name}: ${line}`);
      try {
        const result = await playRound({
          stand,
          fault,
          number,
          folder: roundFolder,
          signal: interrupted,
          say: sayHere,
        });
        played.push(result);
        sayHere(roundLine(result));
        if (result.misses.length > 0) allHeld = false;
        else if (options.keep === undefined) rmSync(roundFolder, { recursive: true });
      } catch (error) {
        allHeld = false;
        sayHere(
          interrupted.aborted ? "interrupted; the fault is undone" : `not played to its end: ${messageOf(error)}`,
        );
        await putRight(stand);
      }
    }
    if (played.length > 0) results.push(faultResult(fault.name, fault.about, played));
  }
  return finish(results, { ...options, argv, folder, allHeld, interrupted });
}

function finish(
  results: readonly FaultResult[],
  outcome: Options & { argv: readonly string[]; folder: string; allHeld: boolean; interrupted: AbortSignal },
): number {
  const { argv, write, folder, allHeld, interrupted, keep } = outcome;
  if (results.length > 0) console.log(`\n${table(results)}\n`);
  if (write && !interrupted.aborted) writeResults(results, ["npm run test:stand --", ...argv].join(" "));
  if (keep === undefined && allHeld) rmSync(folder, { recursive: true, force: true });
  else console.log(`Histories and role samples: ${folder}`);
  if (interrupted.aborted) return EXIT[interrupted.reason === "SIGTERM" ? "SIGTERM" : "SIGINT"];
  return allHeld ? EXIT.held : EXIT.missed;
}

/** The first signal ends the round in order; a second one ends the process, and leaves the fault to the next run. */
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
