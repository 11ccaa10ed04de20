import { askYes, CommandError } from "@goldenring/run-kit";
import { messageOf } from "@goldenring/stand";
import { databaseAt } from "../seed/database.ts";
import type { DataSizeName } from "../seed/growth.ts";
import { seedApi } from "../seed/seed-api.ts";
import { seedDatabase } from "../seed/seed-database.ts";
import { type SeedRecord, writeSeedRecord } from "../seed/seed-record.ts";
import { unseed } from "../seed/unseed.ts";
import { requirePermission } from "../service/permission.ts";
import { parseTarget, WeatherApi } from "../service/weather-api.ts";
import { type LoadDeps, loadTargetOf } from "./deps.ts";
import { DATABASE, type OptionValues, RUNS, TARGET } from "./option-table.ts";

export const SEED_OPTIONS = { ...TARGET, ...DATABASE, ...RUNS };
type SeedOptions = OptionValues<typeof SEED_OPTIONS>;

/** Brings a service or its database to a size, and records what was added. */
export async function seed(size: DataSizeName, options: SeedOptions, deps: LoadDeps): Promise<void> {
  const { output, runs } = deps;
  const startedAt = performance.now();
  const { added, failure } = await addData(size, options, deps);
  if (added === undefined) {
    output.result("nothing to add: the data are there already");
    return;
  }
  const file = await writeSeedRecord(runs, added);
  if (failure === undefined) {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    output.result(`${sumOf(added)} added in ${seconds} s; recorded in ${file}`);
    return;
  }
  output.log(`${sumOf(added)} were added; recorded in ${file}. Run the same command again to add the rest.`);
  throw new CommandError(`The seeding stopped: ${messageOf(failure)}`);
}

async function addData(size: DataSizeName, options: SeedOptions, deps: LoadDeps): ReturnType<typeof seedApi> {
  const { target } = options;
  const { live: log } = deps.output;
  if (target !== undefined && options.database !== undefined) {
    throw new CommandError("Use --target or --database: the data go into one of them.", "usage");
  }
  const database = target === undefined ? await databaseOf(options.database, deps) : undefined;
  if (database !== undefined) return { added: await seedDatabase(database, size, log) };
  const service = await loadTargetOf(options, deps);
  await requirePermission(service.target, service.permission);
  return seedApi(new WeatherApi(service.target), size, log, deps.signal);
}

/** The database that is named, by the option or the environment, or that of the running stand. */
async function databaseOf(named: string | undefined, { stand }: LoadDeps) {
  const url = named ?? (process.env.DATABASE_URL || undefined);
  return url === undefined ? (await stand?.())?.database?.() : databaseAt(url);
}

function sumOf({ cities, values }: SeedRecord): string {
  const count = values.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return `${cities.length} cities and ${count} values`;
}

export const UNSEED_OPTIONS = {
  ...DATABASE,
  target: ["--target <url>", "the API of this database, where it was seeded through the API", String],
  ...RUNS,
  yes: ["-y, --yes", "do not ask"],
} as const;

export async function removeSeeds({ database, target, yes }: OptionValues<typeof UNSEED_OPTIONS>, deps: LoadDeps) {
  const place = await databaseOf(database, deps);
  if (place === undefined) {
    const hint = "use --database URL or DATABASE_URL, with an account that may delete";
    throw new CommandError(`The API cannot delete rows, so the database is needed: ${hint}.`, "usage");
  }
  const { cities, values } = await unseed({
    database: place,
    target: target === undefined ? undefined : new WeatherApi(parseTarget(target)).base,
    runs: deps.runs,
    isSure: async (question) => yes || askYes(question, deps.signal),
    log: deps.output.log,
  });
  deps.output.result(`${cities} cities and ${values} values removed`);
}
