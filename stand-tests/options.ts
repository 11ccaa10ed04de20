import { parseArgs } from "node:util";
import type { Bars, Fault } from "./fault.ts";
import { FAULTS } from "./faults.ts";

/** The arguments cannot be used; the message says what is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Options {
  readonly help: boolean;
  readonly list: boolean;
  /** What to play, and how often. */
  readonly faults: readonly { readonly fault: Fault; readonly rounds: number }[];
  readonly write: boolean;
  /** Where the histories go; they stay there. */
  readonly keep: string | undefined;
}

export const usage = `Does faults to the stand on this computer while clients read and write, and judges what they saw. The stand must be up (./ring up).

npm run test:stand -- [options]

  (none)            a shorter selection, one round each, in under 15 minutes
  --all             all faults with all their rounds, about an hour and a quarter
  --only NAME,...   these faults
  --rounds N        rounds of each fault (with --only and --all: what --list says)
  --list            the faults, their bars and rounds
  --write           puts the figures into docs/results/stand.md and stand.json; other faults' figures there stay
  --keep FOLDER     keeps histories and role samples there (otherwise only those of rounds that missed a bar, in a temporary folder)
  --help

Ctrl-C undoes the fault in force and stops; the next run puts right what a killed one has left.
Exit codes: 0 all bars held; 1 a bar was missed or a round could not be played; 2 wrong usage; 130 interrupted, 143 ended by SIGTERM.
`;

/** Throws a `UsageError`. */
export function parseOptions(argv: readonly string[]): Options {
  const values = parsed(argv);
  const only = values.only.split(",").filter((name) => name !== "");
  const unknown = only.find((name) => FAULTS.every((fault) => fault.name !== name));
  if (unknown !== undefined) throw new UsageError(`no fault is called ${unknown}; --list names them`);
  const whole = values.all || only.length > 0;
  const chosen = FAULTS.filter(({ name, short }) => (only.length > 0 ? only.includes(name) : values.all || short));
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1))
    throw new UsageError(`--rounds wants a whole number from 1, not "${values.rounds}"`);
  return {
    help: values.help,
    list: values.list,
    faults: chosen.map((fault) => ({ fault, rounds: rounds ?? (whole ? fault.rounds : 1) })),
    write: values.write,
    keep: values.keep,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        rounds: { type: "string" },
        write: { type: "boolean", default: false },
        keep: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export function list(): string {
  return FAULTS.map(
    ({ name, about, rounds, short }) =>
      `${name.padEnd(24)} ${rounds} rounds${short ? " *" : "  "} ${about}; bars: ${barsOf(name)}`,
  )
    .concat("", "* also in the shorter selection")
    .join("\n");
}

/** A fault's bars in words. */
export function barsOf(name: string): string {
  const bars: Bars = FAULTS.find((fault) => fault.name === name)?.bars ?? {};
  return [
    bars.failedReads === 0 ? "0 failed reads" : "",
    bars.failedWrites === 0 ? "0 failed writes" : "",
    bars.longestWrite === undefined ? "" : `longest write ${bars.longestWrite / 1000} s`,
    bars.samePrimary ? "same primary" : "",
  ]
    .filter((each) => each !== "")
    .join(", ");
}
