import { createInterface } from "node:readline/promises";
import { CommandError, EXIT } from "@goldenring/run-kit";
import { type DatabasePlace, databaseAt } from "../seed/database.ts";
import type { DataSizeName } from "../seed/growth.ts";
import { SeedingStopped, seedApi } from "../seed/seed-api.ts";
import { seedDatabase } from "../seed/seed-database.ts";
import { type SeedRecord, writeSeedRecord } from "../seed/seed-record.ts";
import { unseed } from "../seed/unseed.ts";
import { requirePermission } from "../service/permission.ts";
import { parseTarget, WeatherApi } from "../service/weather-api.ts";
import type { LoadDeps } from "./deps.ts";

export interface SeedOptions {
  readonly target?: string;
  /** URL of the database. */
  readonly database?: string;
  readonly isOwnTarget: boolean;
  /** The folder of the runs, in which seedings are written down. */
  readonly runs?: string;
}

/** Brings a service or its database to a size, and writes down what it made. */
export async function seed(size: DataSizeName, options: SeedOptions, deps: LoadDeps): Promise<number> {
  const { output } = deps;
  const runs = options.runs ?? deps.runs;
  const started = performance.now();
  try {
    const made = await addData(size, options, deps);
    if (made === undefined) {
      output.result("nothing to do: so much data is there already");
      return EXIT.ok;
    }
    const file = await writeSeedRecord(runs, made);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    output.result(`${sumOf(made)} added in ${seconds} s; written down in ${file}`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof SeedingStopped)) throw error;
    const file = await writeSeedRecord(runs, error.made);
    output.log(`${sumOf(error.made)} had been added; written down in ${file}. The same command again adds the rest.`);
    throw error;
  }
}

async function addData(
  size: DataSizeName,
  { target, database, isOwnTarget }: SeedOptions,
  deps: LoadDeps,
): Promise<SeedRecord | undefined> {
  const log = (text: string): void => deps.output.live(text);
  if (target !== undefined && database !== undefined) {
    throw new CommandError("Either --target or --database: one of them gets the data.", "usage");
  }
  if (database !== undefined) return seedDatabase(databaseAt(database), size, log);
  const stand = await deps.stand?.();
  if (target === undefined && stand?.database !== undefined) return seedDatabase(await stand.database(), size, log);
  const url = target ?? stand?.target;
  if (url === undefined) throw new CommandError("Where to? Say --target URL or --database URL.", "usage");
  const parsed = parseTarget(url);
  await requirePermission(parsed, { inventoryHosts: stand?.hosts ?? [], isOwnTarget });
  return seedApi(new WeatherApi(parsed), size, log, deps.signal);
}

function sumOf({ cities, values }: SeedRecord): string {
  const count = values.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return `${cities.length} cities and ${count} values`;
}

export interface UnseedOptions {
  readonly database?: string;
  readonly target?: string;
  readonly runs?: string;
  /** Do not ask. */
  readonly yes: boolean;
}

/** Removes what load tests have put into a database. */
export async function removeSeeds({ database, target, runs, yes }: UnseedOptions, deps: LoadDeps): Promise<number> {
  const removed = await unseed({
    database: database === undefined ? await databaseOfStand(deps) : databaseAt(database),
    target: target === undefined ? undefined : new WeatherApi(parseTarget(target)).base,
    runs: runs ?? deps.runs,
    isSure: async (question) => yes || ask(question, deps.signal),
    log: (text) => deps.output.log(text),
  });
  deps.output.result(`${removed.cities} cities and ${removed.values} values removed`);
  return EXIT.ok;
}

async function databaseOfStand({ stand }: LoadDeps): Promise<DatabasePlace> {
  const database = (await stand?.())?.database;
  if (database !== undefined) return database();
  const why =
    "The API cannot delete rows: name the database with --database URL or DATABASE_URL, with an account that may delete.";
  throw new CommandError(why, "usage");
}

async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it reads a line, the terminal gives Ctrl-C to readline and to nobody else.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return (await terminal.question(`${question} Type yes: `, { signal })).trim() === "yes";
  } finally {
    terminal.close();
  }
}
