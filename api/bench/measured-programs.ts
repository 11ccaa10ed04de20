import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench } from "./bench.ts";
import { type DataDigest, type DataSet, digestOf } from "./databases.ts";
import { type Limits, replicaLimits } from "./limits.ts";
import { type Program, type RunningProgram, startProgram } from "./program.ts";

const ownApi = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A replica of the API on the database. */
export function apiProgram(options: Bench["options"], databaseUrl: string, limits?: Limits): Program {
  return {
    name: "the API",
    file: options.api ?? ownApi,
    env: { DATABASE_URL: databaseUrl, HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "info", SAMPLE_DATA: "never" },
    readyPath: "/healthz/ready",
    ...(limits === undefined ? {} : { limits }),
  };
}

/** A server of the folder baselines/, under the same limits as the API. */
export function baselineProgram(
  name: "static-fetch" | "static-routes" | "sql-per-request" | "insert-per-request",
  databaseUrl = "",
  limits: Limits = replicaLimits,
): Program {
  return {
    name: `baseline ${name}`,
    file: fileURLToPath(new URL(`baselines/${name}.ts`, import.meta.url)),
    env: { DATABASE_URL: databaseUrl },
    limits,
  };
}

/**
 * The Go service of the folder go-baseline/, under the same limits as the API. Undefined where it cannot be built: its rows are
 * left out then.
 */
export function goProgram(bench: Bench, databaseUrl: string): Program | undefined {
  const file = join(bench.directory, "go-baseline");
  const folder = fileURLToPath(new URL("go-baseline", import.meta.url));
  const built = spawnSync("go", ["build", "-o", file, "."], {
    cwd: folder,
    encoding: "utf8",
    timeout: goBuildDeadlineMs,
  });
  if (built.status !== 0) {
    bench.log(`without the Go service: ${built.error?.message ?? built.stderr.trim()}`);
    return undefined;
  }
  return {
    name: "baseline Go",
    file,
    isNative: true,
    // Its garbage collector works harder near the limit instead of being killed at it.
    env: { DATABASE_URL: databaseUrl, GOMEMLIMIT: `${Math.round(0.85 * replicaLimits.memoryMiB)}MiB` },
    limits: replicaLimits,
  };
}

/** The first build compiles the client and everything it needs. */
const goBuildDeadlineMs = 300_000;

/** Starts the programs, lets them be used, and stops them whatever happens. */
export async function withPrograms<const Programs extends readonly Program[], Result>(
  bench: Bench,
  programs: Programs,
  use: (running: { readonly [Index in keyof Programs]: RunningProgram }) => Promise<Result>,
): Promise<Result> {
  const running: RunningProgram[] = [];
  try {
    for (const program of programs) running.push(await startProgram(bench, program));
    return await use(running as { [Index in keyof Programs]: RunningProgram });
  } finally {
    for (const program of running.reverse()) await program.stop();
  }
}

export interface MeasuredReplica {
  readonly program: RunningProgram;
  readonly database: string;
  /** Of the data before the measurement. */
  readonly digest: DataDigest;
}

/** Runs `use` with a replica of the API on a new database. */
export async function withReplica<Result>(
  bench: Bench,
  data: DataSet,
  use: (replica: MeasuredReplica) => Promise<Result>,
  limits = replicaLimits,
): Promise<Result> {
  const database = await bench.databases.create(data);
  const digest = await digestOf(database);
  return withPrograms(bench, [apiProgram(bench.options, database, limits)], ([program]) =>
    use({ program, database, digest }),
  );
}
