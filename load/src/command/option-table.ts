import { CommandError } from "@goldenring/run-kit";
import { type Command, InvalidArgumentError, Option } from "commander";
import * as z from "zod";
import { MAX_RUN_SECONDS } from "../run/options.ts";

interface OptionRow<Schema extends z.ZodType = z.ZodType> {
  /** As commander reads them: `--users <number>`. */
  readonly flags: string;
  readonly about: string;
  readonly schema: Schema;
  /** The text when nothing follows the flag. */
  readonly preset?: string;
}

/** The options of a command by their names in code: `--max-users` is `maxUsers`. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: z.output<Table[Name]["schema"]> | undefined;
};

export function flag(flags: string, about: string): OptionRow<z.ZodBoolean> {
  return { flags, about, schema: z.boolean() };
}

export function text(flags: string, about: string): OptionRow<z.ZodString> {
  return { flags, about, schema: z.string() };
}

/** @returns what the user gave, once the command line is parsed */
export function declareOptions<Table extends OptionTable>(command: Command, table: Table): () => OptionValues<Table> {
  for (const [name, { flags, about, schema, preset }] of Object.entries(table)) {
    const option = new Option(flags, about);
    if (option.attributeName() !== name) throw new Error(`${flags} is ${option.attributeName()}, not ${name}`);
    if (preset !== undefined) option.preset(preset);
    if (!option.isBoolean()) {
      option.argParser((given: string) => parse(schema, given, (why) => new InvalidArgumentError(why)));
    }
    command.addOption(option);
  }
  return () => command.opts<OptionValues<Table>>();
}

/** @throws {CommandError} (usage), or what `refusal` makes of the reason */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  given: string | undefined,
  refusal: (why: string) => Error = (why) => new CommandError(why, "usage"),
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refusal(`${parsed.error.issues[0]?.message}.`);
}

/** A schema of texts. @param read returns undefined for a text that is not `expected` */
function read<Value>(expected: string, read: (text: string) => Value | undefined) {
  return z.string().transform((given, context): Value => {
    const value = read(given);
    if (value !== undefined) return value;
    context.addIssue(`"${given}" is not ${expected}`);
    return z.NEVER;
  });
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

export const Users = read(`a number of users from 1 to ${MAX_USERS}`, (given) => wholeNumber(given));

/** `90`, `90s`, `5m`, `1h30m`. */
export const Seconds = read("a time from 1 second to 24 hours, such as 30s, 5m or 1h30m", secondsOf);

/** `600/5m`, `600/30s`: this many users more in each such time. */
export const Ramp = read("a ramp of users and time, such as 600/30s", (given) => {
  const [users = "", time = "", ...rest] = given.split("/");
  const [stepUsers, stepSeconds] = [wholeNumber(users), secondsOf(time)];
  if (rest.length > 0 || time === "" || stepUsers === undefined || stepSeconds === undefined) return undefined;
  return { stepUsers, stepSeconds };
});

export const Port = read("a port number", (given) => wholeNumber(given, 65_535));

export function oneOf<const Name extends string>(names: readonly Name[]) {
  return read(`one of ${names.join(", ")}`, (given) => names.find((name) => name === given));
}

/** Some of these texts, with commas between; in the order of `names`. */
export function someOf<const Name extends string>(names: readonly Name[]) {
  return read(`a list of some of ${names.join(", ")}`, (given) => {
    const chosen = given.split(",");
    const isKnown = chosen.every((each) => names.some((name) => name === each));
    return isKnown ? names.filter((name) => chosen.includes(name)) : undefined;
  });
}

/** Options that several commands have. */
export const TARGET = {
  target: text("--target <url>", "the service (default: the ingress of the running stand)"),
  iOwnThisTarget: flag(
    "--i-own-this-target",
    "allow a target that is not on this computer, in a private network or in the inventory",
  ),
};
export const ENCODING = {
  encoding: {
    flags: "--encoding <encoding>",
    about: "what clients ask for: gzip or identity (default: gzip)",
    schema: oneOf(["gzip", "identity"]),
  },
};
export const RUNS = { runs: text("--runs <folder>", "where the folders of runs are made (default: runs/load)") };
export const DATABASE = {
  database: text("--database <url>", "the database (default: DATABASE_URL, or that of the running stand)"),
};
