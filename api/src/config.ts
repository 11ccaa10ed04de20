import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { LOG_LEVELS, type LogLevel } from "./operations/log.ts";
import type { DatabaseConfig } from "./postgres/connection.ts";
import { parseConnectionString, parseDatabaseUrl } from "./postgres/connection-string.ts";

/** The settings cannot be used; the message names the variable and what it takes. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Every environment variable the API reads, for `--help` and the table of docs/api.md (a test compares them). */
export const VARIABLES = [
  ["HOST", "127.0.0.1", "address to listen on; `0.0.0.0` for all"],
  ["PORT", "8080", "TCP port; 0 takes a free one"],
  [
    "DATABASE_URL",
    "",
    "`postgres://user:password@host1:5000,host2:5432/database?sslmode=verify-full&sslrootcert=FILE`; hosts are tried in order. Without it an embedded PostgreSQL is started",
  ],
  [
    "ConnectionStrings__PgConnection",
    "",
    "the original service's form: `Server=…;Port=…;Database=…;User Id=…;Password=…`",
  ],
  ["DATA_FOLDER", ".data", "where the embedded PostgreSQL keeps its data"],
  [
    "SAMPLE_DATA",
    "if-empty with the embedded database, else never",
    "`if-empty` puts the sample data into empty tables, `never` does not",
  ],
  ["LOG_LEVEL", "info", "`debug` (every request), `info`, `warn`, `error` or `silent`"],
  ["READ_PATIENCE_MS", "1500", "how long a read waits for the primary's confirmation before it is answered as stale"],
  ["READ_PATIENCE_AWAY_MS", "300", "the same while the primary is known to be out of reach"],
  ["BARRIER_INTERVAL_MS", "2", "least time between two change queries: more reads share one under load"],
  [
    "READ_GATHERING_MS",
    "0",
    "while several clients read, sleep between two change queries, this far apart, and take what has come meanwhile at once: a read takes less CPU and up to this much longer; 0: never",
  ],
  ["READ_BARRIER", "on", "`off` answers from memory without confirmation; only to show what the barrier is for"],
  ["WRITE_DEADLINE_MS", "30000", "how long a write is retried before it is answered 503"],
  ["WRITE_QUEUE_LIMIT", "10000", "writes waiting at most; more are answered 503 at once"],
  ["WRITE_STATEMENT_MS", "3000", "how long one statement may stay silent before it is sent again"],
  ["CONNECT_MS", "1000", "how long a connection attempt may take"],
  [
    "MODEL_MEMORY_BUDGET_MB",
    "the memory limit less 80, at most half of the computer's memory",
    "bytes of data kept in memory; more are refused at start",
  ],
  ["BODY_LIMIT_BYTES", "65536", "largest request body"],
  ["CORS_ORIGINS", "", "origins whose pages may call the API, by comma; `*` for all"],
  ["API_KEYS", "", "if set, writes need one of these keys (by comma) in `X-Api-Key`"],
  ["RATE_LIMIT_PER_SECOND", "0", "requests a second that one client address may make; 0 sets no limit"],
  ["TRUST_PROXY", "off", "`on` takes the client's address from the last entry of `X-Forwarded-For`"],
  [
    "SHUTDOWN_DELAY_MS",
    "500",
    "how long the service goes on while readiness is 503 already, so that load balancers see it, before it stops listening",
  ],
  ["SHUTDOWN_GRACE_MS", "10000", "how long requests and writes under way may take when the service stops"],
  ["BUILD_COMMIT", "unknown", "commit shown in the metric of the build"],
] as const;

type VariableName = (typeof VARIABLES)[number][0];

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Undefined: the embedded PostgreSQL. */
  readonly database: DatabaseConfig | undefined;
  readonly dataFolder: string;
  readonly sampleData: boolean;
  readonly logLevel: LogLevel;
  readonly readPatienceMs: number;
  readonly readPatienceAwayMs: number;
  readonly barrierIntervalMs: number;
  readonly readGatheringMs: number;
  readonly readBarrier: boolean;
  readonly writeDeadlineMs: number;
  readonly writeQueueLimit: number;
  readonly writeStatementMs: number;
  readonly connectMs: number;
  readonly modelBudgetBytes: number;
  readonly bodyLimitBytes: number;
  readonly corsOrigins: readonly string[];
  readonly apiKeys: readonly string[];
  readonly rateLimitPerSecond: number;
  readonly trustProxy: boolean;
  readonly shutdownDelayMs: number;
  readonly shutdownGraceMs: number;
  readonly buildCommit: string;
}

/** Reads and checks the whole environment at once. Throws ConfigError with every mistake found. */
export function readConfig(environment: Environment): Config {
  const mistakes: string[] = [];
  const text = (name: VariableName): string => environment[name]?.trim() ?? "";
  const attempt = <T>(name: VariableName, parse: () => T, otherwise: T): T => {
    try {
      return parse();
    } catch (error) {
      mistakes.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return otherwise;
    }
  };
  const integer = (name: VariableName, fallback: number, min: number, max: number): number =>
    attempt(name, () => integerBetween(text(name) || String(fallback), min, max), fallback);
  const choice = <T extends string>(name: VariableName, fallback: T, choices: readonly T[]): T =>
    attempt(name, () => oneOf(text(name) || fallback, choices), fallback);
  const list = (name: VariableName): string[] =>
    text(name)
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");

  const url = text("DATABASE_URL");
  const connectionString = text("ConnectionStrings__PgConnection");
  const database = url
    ? attempt("DATABASE_URL", () => parseDatabaseUrl(url), undefined)
    : connectionString
      ? attempt("ConnectionStrings__PgConnection", () => parseConnectionString(connectionString), undefined)
      : undefined;
  const embedded = url === "" && connectionString === "";

  const config: Config = Object.freeze({
    host: text("HOST") || "127.0.0.1",
    port: integer("PORT", 8080, 0, 65_535),
    database,
    dataFolder: text("DATA_FOLDER") || ".data",
    sampleData: choice("SAMPLE_DATA", embedded ? "if-empty" : "never", ["if-empty", "never"]) === "if-empty",
    logLevel: choice("LOG_LEVEL", "info", LOG_LEVELS),
    readPatienceMs: integer("READ_PATIENCE_MS", 1_500, 1, 60_000),
    readPatienceAwayMs: integer("READ_PATIENCE_AWAY_MS", 300, 1, 60_000),
    barrierIntervalMs: integer("BARRIER_INTERVAL_MS", 2, 0, 1_000),
    readGatheringMs: integer("READ_GATHERING_MS", 0, 0, 100),
    readBarrier: choice("READ_BARRIER", "on", ["on", "off"]) === "on",
    writeDeadlineMs: integer("WRITE_DEADLINE_MS", 30_000, 100, 600_000),
    writeQueueLimit: integer("WRITE_QUEUE_LIMIT", 10_000, 1, 1_000_000),
    writeStatementMs: integer("WRITE_STATEMENT_MS", 3_000, 100, 60_000),
    connectMs: integer("CONNECT_MS", 1_000, 50, 60_000),
    modelBudgetBytes: integer("MODEL_MEMORY_BUDGET_MB", defaultBudgetMb(), 1, 1_048_576) * 1_048_576,
    bodyLimitBytes: integer("BODY_LIMIT_BYTES", 65_536, 256, 16_777_216),
    corsOrigins: list("CORS_ORIGINS"),
    apiKeys: attempt("API_KEYS", () => longEnough(list("API_KEYS")), []),
    rateLimitPerSecond: integer("RATE_LIMIT_PER_SECOND", 0, 0, 1_000_000),
    trustProxy: choice("TRUST_PROXY", "off", ["on", "off"]) === "on",
    shutdownDelayMs: integer("SHUTDOWN_DELAY_MS", 500, 0, 60_000),
    shutdownGraceMs: integer("SHUTDOWN_GRACE_MS", 10_000, 0, 600_000),
    buildCommit: text("BUILD_COMMIT") || "unknown",
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes.join("\n"));
  return config;
}

function integerBetween(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Error(`must be a whole number from ${min} to ${max}, not "${text}"`);
  return value;
}

function oneOf<T extends string>(text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text.toLowerCase());
  if (found === undefined) throw new Error(`must be one of ${choices.join(", ")}, not "${text}"`);
  return found;
}

function longEnough(keys: readonly string[]): readonly string[] {
  if (keys.some((key) => key.length < 16)) throw new Error("each key must have at least 16 characters");
  return keys;
}

/** The runtime and this program take about 60 MiB; 20 more are left for requests under way. */
const OWN_NEED_MB = 80;

function defaultBudgetMb(): number {
  const half = Math.floor(totalmem() / 2_097_152);
  const limit = containerMemoryLimitMb();
  return limit === undefined ? half : Math.max(8, Math.min(half, limit - OWN_NEED_MB));
}

/** The memory limit of the container this process runs in, from cgroup v2 or v1; undefined without one. */
function containerMemoryLimitMb(): number | undefined {
  for (const file of memoryLimitFiles()) {
    try {
      const limit = Number(readFileSync(file, "utf8").trim());
      if (Number.isFinite(limit) && limit < totalmem()) return Math.floor(limit / 1_048_576);
    } catch {
      // Not this version of cgroups, or "max".
    }
  }
  return undefined;
}

function memoryLimitFiles(): string[] {
  let memberships: string;
  try {
    memberships = readFileSync("/proc/self/cgroup", "utf8");
  } catch {
    return [];
  }
  const v2 = memberships.match(/^0::(.*)$/m)?.[1] ?? "/";
  const v1 = memberships.match(/^\d+:memory:(.*)$/m)?.[1] ?? "/";
  return [
    `/sys/fs/cgroup${v2}/memory.max`,
    "/sys/fs/cgroup/memory.max",
    `/sys/fs/cgroup/memory${v1}/memory.limit_in_bytes`,
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
  ];
}
