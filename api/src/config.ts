import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { totalmem } from "node:os";
import { z } from "zod";
import { MEBIBYTE } from "./memory/shares.ts";
import { LOG_LEVELS, messageOf } from "./operations/log.ts";
import { parseConnectionString, parseDatabaseUrl } from "./postgres/connection-string.ts";

/** The settings cannot be used; the message names each wrong variable and what it takes. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A setting's environment variable, and its default as `--help` and docs/api.md show it. */
const variables = z.registry<{ readonly name: string; readonly fallback: string }>();

/**
 * @param parse throws what is wrong with a text
 * @param fallback describes the default; `text` is the default itself where it is computed
 */
function setting<T>(name: string, parse: (text: string) => T, fallback: string, text = () => fallback) {
  const type = z.string().transform((given, context): T => {
    try {
      return parse(given);
    } catch (error) {
      context.addIssue(messageOf(error));
      return z.NEVER;
    }
  });
  return type.prefault(text).register(variables, { name, fallback });
}

/**
 * Every setting: its environment variable, form, default and meaning. `--help`, the table of docs/api.md and the type
 * Config come from here.
 */
const SETTINGS = z.object({
  host: setting("HOST", String, "127.0.0.1").describe("address to listen on; `0.0.0.0` for all"),
  port: setting("PORT", wholeNumber(0, 65_535), "8080").describe("TCP port; 0 takes a free one"),
  databaseUrl: setting("DATABASE_URL", unlessEmpty(parseDatabaseUrl), "").describe(
    "`postgres://user:password@host1:5000,host2:5432/database?sslmode=verify-full&sslrootcert=FILE&channel_binding=require`; the hosts are tried in order. Without it an embedded PostgreSQL is started",
  ),
  connectionString: setting("ConnectionStrings__PgConnection", unlessEmpty(parseConnectionString), "").describe(
    "the original service's form: `Server=…;Port=…;Database=…;User Id=…;Password=…`",
  ),
  dataFolder: setting("DATA_FOLDER", String, ".data").describe("where the embedded PostgreSQL keeps its data"),
  sampleData: setting(
    "SAMPLE_DATA",
    unlessEmpty(oneOf(["if-empty", "never"])),
    "if-empty with the embedded database, else never",
    () => "",
  ).describe("`if-empty` puts the sample data into empty tables, `never` does not"),
  logLevel: setting("LOG_LEVEL", oneOf(LOG_LEVELS), "info").describe(
    "`debug` (every request), `info`, `warn`, `error` or `silent`",
  ),
  readTimeoutMs: setting("READ_PATIENCE_MS", wholeNumber(1, 60_000), "1500").describe(
    "how long a read waits for the primary's confirmation before it is answered as stale",
  ),
  unreachableReadTimeoutMs: setting("READ_PATIENCE_AWAY_MS", wholeNumber(1, 60_000), "300").describe(
    "the same while the primary is known to be unreachable",
  ),
  barrierIntervalMs: setting("BARRIER_INTERVAL_MS", wholeNumber(0, 1_000), "2").describe(
    "minimum time between the starts of two change queries; under load, a longer one lets more reads share a query",
  ),
  readBatchIntervalMs: setting("READ_GATHERING_MS", wholeNumber(0, 100), "0").describe(
    "while 2 to 63 reads share a change query, the process sleeps until this long after its start, then takes all waiting requests at once: a read costs less CPU and takes up to this much longer. 0 turns it off",
  ),
  readBarrier: setting("READ_BARRIER", onOff, "on").describe(
    "`off` answers reads from memory without confirmation; only to show what the barrier is for",
  ),
  writeDeadlineMs: setting("WRITE_DEADLINE_MS", wholeNumber(100, 600_000), "30000").describe(
    "how long a write is retried before it is answered 503",
  ),
  writeQueueLimit: setting("WRITE_QUEUE_LIMIT", wholeNumber(1, 1_000_000), "10000").describe(
    "maximum number of waiting writes; more are answered 503 at once",
  ),
  writeStatementMs: setting("WRITE_STATEMENT_MS", wholeNumber(100, 60_000), "3000").describe(
    "how long a statement may stay unanswered before it is sent again",
  ),
  canaryIntervalMs: setting("CANARY_INTERVAL_MS", wholeNumber(0, 60_000), "0").describe(
    "an empty commit is sent when no write was answered for so long, so that a database that commits nothing is seen without requests; 0 sends none",
  ),
  connectMs: setting("CONNECT_MS", wholeNumber(50, 60_000), "1000").describe("how long an attempt to connect may take"),
  modelBudgetBytes: setting(
    "MODEL_MEMORY_BUDGET_MB",
    (text) => wholeNumber(1, 1_048_576)(text) * MEBIBYTE,
    "the memory limit less 80, at most half of the computer's memory",
    () => String(defaultBudgetMb()),
  ).describe(
    "MiB for data and all that is made of them; data may take 3/4 of it, and a database with more than 7/8 is refused at start",
  ),
  bodyLimitBytes: setting("BODY_LIMIT_BYTES", wholeNumber(256, 16_777_216), "65536").describe(
    "maximum size of a request body",
  ),
  corsOrigins: setting("CORS_ORIGINS", list, "").describe(
    "origins whose pages may call the API, separated by commas; `*` for all",
  ),
  apiKeys: setting("API_KEYS", longKeys, "").describe(
    "keys, separated by commas; if set, each write must carry one of them in `X-Api-Key`",
  ),
  apiKeysFile: setting("API_KEYS_FILE", unlessEmpty(keysInFile), "").describe(
    "a file with more keys, one a line, that is read again while the service runs: keys change without a restart",
  ),
  rateLimitPerSecond: setting("RATE_LIMIT_PER_SECOND", wholeNumber(0, 1_000_000), "0").describe(
    "requests per second that one client address may make; 0 sets no limit",
  ),
  trustedProxies: setting("TRUST_PROXY", addresses, "off").describe(
    "addresses or networks of proxies, separated by commas, such as `10.0.0.5,10.1.0.0/16`: from them the client's address is taken from `X-Forwarded-For`. `off` for none",
  ),
  shutdownDelayMs: setting("SHUTDOWN_DELAY_MS", wholeNumber(0, 60_000), "500").describe(
    "how long the service still accepts requests after readiness has turned 503, so that load balancers notice before it stops listening",
  ),
  shutdownGraceMs: setting("SHUTDOWN_GRACE_MS", wholeNumber(0, 600_000), "10000").describe(
    "how long a stopping service waits for open requests and accepted writes",
  ),
  buildCommit: setting("BUILD_COMMIT", String, "unknown").describe("commit shown in the metric `weather_build_info`"),
});

export type Config = ReturnType<typeof configOf>;

/** Every environment variable that the API reads. */
export const VARIABLES = Object.entries(SETTINGS.shape).map(([key, type]) => {
  const { name = key, fallback = "" } = variables.get(type) ?? {};
  return { key, name, fallback, meaning: type.description ?? "" };
});

/** Reads and checks the whole environment at once. Throws ConfigError with every mistake found. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(VARIABLES.map(({ key, name }) => [key, environment[name]?.trim() || undefined]));
  // DATABASE_URL wins, whatever the other one is.
  const result = SETTINGS.safeParse(given.databaseUrl ? { ...given, connectionString: undefined } : given);
  if (result.success) return configOf(result.data);
  const mistakes = result.error.issues.map(
    ({ path, message }) => `${VARIABLES.find(({ key }) => key === path[0])?.name}: ${message}`,
  );
  throw new ConfigError(mistakes.join("\n"));
}

function configOf({ databaseUrl, connectionString, sampleData, ...settings }: z.output<typeof SETTINGS>) {
  /** Undefined: the embedded PostgreSQL. */
  const database = databaseUrl ?? connectionString;
  const usualSampleData = database === undefined ? "if-empty" : "never";
  return Object.freeze({ ...settings, database, sampleData: (sampleData ?? usualSampleData) === "if-empty" });
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new Error(`must be a whole number from ${min} to ${max}, not "${text}"`);
    return value;
  };
}

function oneOf<const T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text.toLowerCase());
    if (found === undefined) throw new Error(`must be one of ${choices.join(", ")}, not "${text}"`);
    return found;
  };
}

function onOff(text: string): boolean {
  return oneOf(["on", "off"])(text) === "on";
}

function list(text: string): readonly string[] {
  const entries = text.split(",").map((entry) => entry.trim());
  return entries.filter((entry) => entry !== "");
}

function longKeys(text: string): readonly string[] {
  const keys = list(text);
  if (keys.some(({ length }) => length < 16)) throw new Error("each key must have at least 16 characters");
  return keys;
}

/** Returns what reads the keys; it throws where they cannot be used, now and later. */
function keysInFile(file: string): () => readonly string[] {
  const read = () => {
    const keys = longKeys(readFileSync(file, "utf8").replaceAll("\n", ","));
    if (keys.length === 0) throw new Error("the file has no key");
    return keys;
  };
  read();
  return read;
}

/** @param text addresses and networks (CIDR), or "off" */
function addresses(text: string): BlockList {
  const found = new BlockList();
  for (const entry of text === "off" ? [] : list(text)) {
    const [, address = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
    const version = isIP(address);
    if (version === 0) throw new Error(`must be addresses or networks such as 10.0.0.0/8, or off, not "${entry}"`);
    const widest = version === 6 ? 128 : 32;
    found.addSubnet(address, wholeNumber(0, widest)(prefix ?? String(widest)), version === 6 ? "ipv6" : "ipv4");
  }
  return found;
}

function unlessEmpty<T>(parse: (text: string) => T): (text: string) => T | undefined {
  return (text) => (text === "" ? undefined : parse(text));
}

/** The runtime and this program take about 60 MiB; 20 more are left for open requests. */
const PROGRAM_MEMORY_MB = 80;

function defaultBudgetMb(): number {
  const half = Math.floor(totalmem() / 2 / MEBIBYTE);
  /** Of the container, from cgroup v2 or v1; all of the computer's without one. */
  const limit = process.constrainedMemory();
  if (limit <= 0 || limit >= totalmem()) return half;
  return Math.max(8, Math.min(half, Math.floor(limit / MEBIBYTE) - PROGRAM_MEMORY_MB));
}
