import { CommandError } from "@goldenring/run-kit";
import { messageOf } from "@goldenring/stand";
import { type Command, InvalidArgumentError, Option } from "commander";
import { MAX_RUN_SECONDS } from "../run/options.ts";

/** Reads the text of an option. @throws {InvalidArgumentError} */
type Reader<Value> = (text: string) => Value;

/** Flags as commander reads them (`--users <number>`), the reader of their text (none: a switch), and the text when nothing follows the flag. */
type OptionRow = readonly [flags: string, about: string, read?: Reader<unknown>, preset?: string];

/** The options of a command by their names in code: `--max-users` is `maxUsers`. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

type ValueOf<Row extends OptionRow> = Row extends readonly [string, string, Reader<infer Value>, ...unknown[]]
  ? Value
  : boolean;
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: ValueOf<Table[Name]> | undefined;
};

/** @returns what the user gave, once the command line is parsed */
export function declareOptions<Table extends OptionTable>(command: Command, table: Table): () => OptionValues<Table> {
  for (const [name, [flags, about, read, preset]] of Object.entries(table)) {
    const option = new Option(flags, about);
    if (option.attributeName() !== name) throw new Error(`${flags} is ${option.attributeName()}, not ${name}`);
    if (preset !== undefined) option.preset(preset);
    if (read !== undefined) option.argParser(read);
    command.addOption(option);
  }
  return () => command.opts<OptionValues<Table>>();
}

/** An argument of a command. @throws {CommandError} (usage) */
export function argument<Value>(read: Reader<Value>, given = ""): Value {
  try {
    return read(given);
  } catch (error) {
    throw new CommandError(messageOf(error), "usage");
  }
}

/** @param read returns undefined for a text that is not `expected` */
function reader<Value>(expected: string, read: (text: string) => Value | undefined): Reader<Value> {
  return (given) => {
    const value = read(given);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(`"${given}" is not ${expected}.`);
  };
}

const MAX_USERS = 100_000;

function wholeNumber(given: string, max = MAX_USERS): number | undefined {
  const number = Number(given);
  return /^\d+$/.test(given) && number >= 1 && number <= max ? number : undefined;
}

function secondsOf(given: string): number | undefined {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(given) ?? [];
  const total = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return total >= 1 && total <= MAX_RUN_SECONDS ? total : undefined;
}

export const Users = reader(`a number of users from 1 to ${MAX_USERS}`, (given) => wholeNumber(given));

/** `90`, `90s`, `5m`, `1h30m`. */
export const Seconds = reader("a time from 1 second to 24 hours, such as 30s, 5m or 1h30m", secondsOf);

/** `600/5m`, `600/30s`: this many users more in each such time. */
export const Ramp = reader("a ramp of users and time, such as 600/30s", (given) => {
  const [users = "", time = "", ...rest] = given.split("/");
  const [stepUsers, stepSeconds] = [wholeNumber(users), secondsOf(time)];
  if (rest.length > 0 || time === "" || stepUsers === undefined || stepSeconds === undefined) return undefined;
  return { stepUsers, stepSeconds };
});

export const Port = reader("a port number", (given) => wholeNumber(given, 65_535));

export function oneOf<const Name extends string>(names: readonly Name[]): Reader<Name> {
  return reader(`one of ${names.join(", ")}`, (given) => names.find((name) => name === given));
}

/** Some of these texts, with commas between; in the order of `names`. */
export function someOf<const Name extends string>(names: readonly Name[]): Reader<Name[]> {
  return reader(`a list of some of ${names.join(", ")}`, (given) => {
    const chosen = given.split(",");
    const isKnown = chosen.every((each) => names.some((name) => name === each));
    return isKnown ? names.filter((name) => chosen.includes(name)) : undefined;
  });
}

/** Some numbers, with commas between; each of them once, in their order. */
export function numbersOf(
  { min, max }: { readonly min: number; readonly max: number },
  unit: string,
): Reader<number[]> {
  return reader(`a list of numbers from ${min} to ${max} ${unit}, such as ${min},${2 * min}`, (given) => {
    const numbers = given.split(",").map((text) => (/^\d+(\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN));
    const areWithin = numbers.every((number) => number >= min && number <= max);
    return areWithin ? [...new Set(numbers)].sort((one, other) => one - other) : undefined;
  });
}

export const TARGET = {
  target: ["--target <url>", "the service (default: the ingress of the running stand)", String],
  iOwnThisTarget: [
    "--i-own-this-target",
    "allow a target that is not on this computer, in a private network or in the inventory",
  ],
} as const;
export const ENCODING = {
  encoding: [
    "--encoding <encoding>",
    "what clients ask for: gzip or identity (default: gzip)",
    oneOf(["gzip", "identity"]),
  ],
} as const;
export const RUNS = {
  runs: ["--runs <folder>", "where the folders of runs are made (default: runs/load)", String],
} as const;
export const DATABASE = {
  database: ["--database <url>", "the database (default: DATABASE_URL, or that of the running stand)", String],
} as const;
