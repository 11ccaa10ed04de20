import { parseArgs } from "node:util";
import { FAULTS } from "./faults.ts";

/** The arguments cannot be used; the message says what is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What is played besides the faults. */
export const QUIET = "quiet";
export const SWITCHOVER = "switchover";
export const WATCHING = "watching";

export interface Options {
  readonly help: boolean;
  readonly list: boolean;
  /** Names, in the order in which they are played. */
  readonly chosen: readonly string[];
  readonly rounds: number;
  readonly quietMinutes: number;
  readonly write: boolean;
}

export const usage = `Does faults to the stand on this computer and measures when their alerts arrive, and when the word that they are over.
The stand must be up (./ring up). Needs root.

node_modules/.bin/bun monitoring/stand-tests/main.ts [options]

  (none)             everything, 3 rounds each; about two hours
  --only NAME,...    these: --list names them
  --rounds N         rounds of each (default 3); of quiet and watching there is one
  --quiet MINUTES    length of the quiet time (default 15)
  --list             what there is
  --write            puts the figures into docs/results/monitoring.md and monitoring.json; others' figures there stay
  --help

Every fault inside a machine ends by itself after 5 minutes; only a power that was taken stays so. Ctrl-C undoes the one in force and
stops; the next run puts right what a killed one has left.
Exit codes: 0 all bars held; 1 a bar was missed or a round could not be played; 2 wrong usage; 130 interrupted, 143 ended by SIGTERM.
`;

/** In the order in which they are played: the quiet time first, before anything was done to the stand. */
const NAMES: readonly string[] = [QUIET, WATCHING, SWITCHOVER, ...FAULTS.map(({ name }) => name)];

/** @throws {UsageError} */
export function parseOptions(argv: readonly string[]): Options {
  const { help, list, only, rounds, quiet, write } = parsed(argv);
  const wanted = only.split(",").filter((name) => name !== "");
  const unknown = wanted.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new UsageError(`nothing is called ${unknown}; --list names what there is`);
  return {
    help,
    list,
    chosen: wanted.length === 0 ? NAMES : NAMES.filter((name) => wanted.includes(name)),
    rounds: wholeNumber("--rounds", rounds),
    quietMinutes: wholeNumber("--quiet", quiet),
    write,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        rounds: { type: "string", default: "3" },
        quiet: { type: "string", default: "15" },
        write: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UsageError(`${option} wants a whole number from 1, not "${text}"`);
}

export function list(): string {
  const rows = [
    [QUIET, "nothing is done, and no alert may come"],
    [WATCHING, "targets, queries without data, and what watching costs"],
    [SWITCHOVER, "a planned switchover, and no alert but those declared may come"],
    ...FAULTS.map(({ name, about }) => [name, about]),
  ];
  return rows.map(([name = "", about = ""]) => `${name.padEnd(18)} ${about}`).join("\n");
}
