import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { ConfigError, readConfig, VARIABLES } from "./config.ts";

setDefaultTimeout(60_000);

function mistakesOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("the settings", () => {
  test("have defaults that need no environment at all", () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      dataFolder: ".data",
      sampleData: true,
      logLevel: "info",
      readTimeoutMs: 1_500,
      unreachableReadTimeoutMs: 300,
      barrierIntervalMs: 2,
      readBatchIntervalMs: 0,
      readBarrier: true,
      writeDeadlineMs: 30_000,
      writeQueueLimit: 10_000,
      writeStatementMs: 3_000,
      connectMs: 1_000,
      bodyLimitBytes: 65_536,
      corsOrigins: [],
      apiKeys: [],
      rateLimitPerSecond: 0,
      shutdownGraceMs: 10_000,
      buildCommit: "unknown",
    });
    expect(config.database).toBeUndefined();
    expect(config.modelBudgetBytes).toBeGreaterThanOrEqual(8 * 1_048_576);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("that the table lists as defaults are those that are used", () => {
    const listed = Object.fromEntries(
      VARIABLES.flatMap(({ name, fallback }) => (/^[\w.]*$/.test(fallback) ? [[name, fallback]] : [])),
    );
    const { database, ...given } = readConfig(listed);
    const { database: none, ...defaults } = readConfig({});
    expect(given).toEqual(defaults);
    expect([database, none]).toEqual([undefined, undefined]);
  });

  test("take each variable of the table and no other", () => {
    const read = new Set<string>();
    const environment = new Proxy({} as Record<string, string | undefined>, {
      get: (_target, name) => {
        read.add(String(name));
        return undefined;
      },
    });
    readConfig(environment);
    expect([...read].sort()).toEqual(VARIABLES.map(({ name }) => name).sort());
  });

  test("may have spaces around them, and an empty variable counts as missing", () => {
    expect(readConfig({ PORT: " 9000 ", HOST: "", LOG_LEVEL: " WARN " })).toMatchObject({
      port: 9_000,
      host: "127.0.0.1",
      logLevel: "warn",
    });
    expect(readConfig({ CORS_ORIGINS: " https://a.example ,, https://b.example, " }).corsOrigins).toEqual([
      "https://a.example",
      "https://b.example",
    ]);
  });

  test("put the sample data only into the embedded database, unless SAMPLE_DATA says otherwise", () => {
    const DATABASE_URL = "postgres://u:p@h/d";
    expect(readConfig({}).sampleData).toBe(true);
    expect(readConfig({ DATABASE_URL }).sampleData).toBe(false);
    expect(readConfig({ ConnectionStrings__PgConnection: "Server=h;Database=d;User Id=u" }).sampleData).toBe(false);
    expect(readConfig({ DATABASE_URL, SAMPLE_DATA: "if-empty" }).sampleData).toBe(true);
    expect(readConfig({ SAMPLE_DATA: "never" }).sampleData).toBe(false);
  });

  test("prefer DATABASE_URL over the original's connection string", () => {
    const ConnectionStrings__PgConnection = "Server=original;Database=d;User Id=u;Password=p";
    expect(readConfig({ ConnectionStrings__PgConnection }).database?.endpoints[0]?.host).toBe("original");
    expect(
      readConfig({ ConnectionStrings__PgConnection, DATABASE_URL: "postgres://u:p@ours/d" }).database?.endpoints[0]
        ?.host,
    ).toBe("ours");
  });
});

describe("invalid settings", () => {
  test("are all named at once, each with its form", () => {
    const mistakes = mistakesOf({
      PORT: "http",
      LOG_LEVEL: "loud",
      READ_BARRIER: "maybe",
      WRITE_DEADLINE_MS: "99",
      MODEL_MEMORY_BUDGET_MB: "0",
      API_KEYS: "short",
      API_KEYS_FILE: "/nowhere/keys",
      TRUST_PROXY: "on",
      DATABASE_URL: "localhost",
    });
    expect(mistakes.map((line) => line.split(":")[0]).sort()).toEqual([
      "API_KEYS",
      "API_KEYS_FILE",
      "DATABASE_URL",
      "LOG_LEVEL",
      "MODEL_MEMORY_BUDGET_MB",
      "PORT",
      "READ_BARRIER",
      "TRUST_PROXY",
      "WRITE_DEADLINE_MS",
    ]);
    expect(mistakes).toContain('PORT: must be a whole number from 0 to 65535, not "http"');
    expect(mistakes).toContain('LOG_LEVEL: must be one of debug, info, warn, error, silent, not "loud"');
  });

  test("are numbers that are not whole or out of range", () => {
    for (const PORT of ["-1", "65536", "8080.0", "8e3", "0x50", "80 80", "٨٠", "1".repeat(400)]) {
      expect(mistakesOf({ PORT }).length).toBe(1);
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (port) => {
        expect(readConfig({ PORT: String(port) }).port).toBe(port);
      }),
    );
  });

  test("are proxies that are no addresses or networks", () => {
    for (const TRUST_PROXY of ["on", "haproxy", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0.1,x", "1.2.3"]) {
      expect(mistakesOf({ TRUST_PROXY }).length).toBe(1);
    }
    expect(mistakesOf({ TRUST_PROXY: "10.0.0.1, 10.1.0.0/16, ::1, fd00::/8" })).toEqual([]);
  });

  test("never show a secret", () => {
    const text = [
      ...mistakesOf({ API_KEYS: "long-enough-SECRET-key,SECRET" }),
      ...mistakesOf({ DATABASE_URL: "postgres://u:SECRET" }),
      ...mistakesOf({ DATABASE_URL: "postgres://u:SECRET/d" }),
      ...mistakesOf({ DATABASE_URL: "postgres://u:SECRET@h:x/d" }),
      ...mistakesOf({ DATABASE_URL: "postgres://u:%SECRET@h/d" }),
      ...mistakesOf({ ConnectionStrings__PgConnection: "Server=h;Port=x;Database=d;User Id=u;Password=SECRET" }),
    ];
    expect(text.length).toBe(6);
    expect(text.join("\n")).not.toContain("SECRET");
  });

  test("always throw a ConfigError", () => {
    const names = VARIABLES.map(({ name }) => name);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.string({ unit: "binary" })), (environment) => {
        mistakesOf(environment);
      }),
      { numRuns: 300 },
    );
  });
});
