import { parseArgs } from "node:util";

export interface Options {
  readonly help: boolean;
  readonly list: boolean;
  /** Names of cases; empty: all. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Measured window of one run, and the load before it that isn't counted. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly soakSeconds: number;
  readonly write: boolean;
  readonly json: string | undefined;
  readonly api: string | undefined;
  readonly profile: string | undefined;
}

export const usage = `Measures the Weather API on this computer, against baselines on the same runtime in the same run.

npm run bench -- [options]

  --list            lists the cases, and what each measures
  --only NAME,...   only these cases
  --rounds N        rounds of each case, product and baselines in turn (3)
  --seconds N       measured window of one run (5)
  --soak SECONDS    length of the memory soak (60; 300 with --write)
  --quick           one round of 2 s, soak of 10 s: only checks that everything works
  --write           writes docs/results/api.md
  --json FILE       writes every value of every round as JSON
  --api FILE        measures another copy of api/src/main.ts
  --profile DIR     writes CPU profiles of the measured programs, which slows them down
  --help

Exit code: 0 all targets held, 1 a target was missed or could not be judged, or an answer was wrong, 2 wrong usage.
Without root or cgroups nothing is limited; such figures are marked and not judged.
`;

/** Throws an Error with a sentence for the user. */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      soak: { type: "string" },
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      json: { type: "string" },
      api: { type: "string" },
      profile: { type: "string" },
    },
  });
  const { quick, write } = values;
  const soakDefault = write ? 300 : quick ? 10 : 60;
  return {
    help: values.help,
    list: values.list,
    only: values.only.split(",").filter((name) => name !== ""),
    rounds: positive("rounds", values.rounds, quick ? 1 : 3),
    seconds: positive("seconds", values.seconds, quick ? 2 : 5),
    warmUpSeconds: quick ? 0.5 : 1,
    soakSeconds: positive("soak", values.soak, soakDefault),
    write,
    json: values.json,
    api: values.api,
    profile: values.profile,
  };
}

function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1, not "${text}"`);
  return value;
}
