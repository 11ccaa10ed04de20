import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Service, WeatherApi } from "../../run-kit/src/weather-api.fixture.ts";
import { bunProgram, runProgram } from "../../stand/src/index.ts";

/** What `helm test` runs in the cluster, here against replicas on one database. */
const PROGRAM = join(import.meta.dirname, "../goldenring/files/test.mjs");
const DEADLINE_MS = 120_000;

const first = new WeatherApi();
const others: Service[] = [];

beforeAll(async () => {
  await first.start();
}, DEADLINE_MS);
afterAll(async () => {
  for (const other of others) await other.end();
  await first.remove();
});

async function replica(environment: Record<string, string> = {}): Promise<string> {
  const settings = { DATABASE_URL: first.databaseUrl, SHUTDOWN_DELAY_MS: "0", ...environment };
  const service = await Service.start("api/src/main.ts", settings, "ready");
  others.push(service);
  return service.url;
}

function helmTest(replicas: readonly string[], environment: Record<string, string> = {}) {
  return runProgram(bunProgram(PROGRAM), {
    deadlineMs: DEADLINE_MS,
    environment: {
      SERVICE: replicas[0] ?? "",
      PODS: replicas.map((url) => new URL(url).host).join(","),
      FORBIDDEN: "false",
      WRITE: "true",
      ...environment,
    },
  });
}

test(
  "passes where each replica sees each write, and adds one city however often it runs",
  async () => {
    const replicas = [first.url, await replica()];
    for (let run = 0; run < 2; run += 1) {
      const { code, stdout } = await helmTest(replicas);
      expect(stdout).toContain("     2 pods");
      expect(stdout).toContain("0 failed");
      expect(code).toBe(0);
    }
    expect(await first.query(`select count(*) from cities where name = 'Helm test'`)).toEqual(["1"]);
  },
  DEADLINE_MS,
);

test(
  "fails where a replica answers with old data, naming the replica",
  async () => {
    const stale = await replica({ READ_BARRIER: "off" });
    const { code, stdout } = await helmTest([first.url, stale]);
    expect(stdout).toMatch(/^FAIL write: seen at once through every other pod.*: written at /m);
    expect(code).toBe(1);
  },
  DEADLINE_MS,
);

test(
  "with keys: writes with one, and is refused without",
  async () => {
    const file = join(process.env.TMPDIR ?? "/tmp", `goldenring-helm-test-keys-${process.pid}`);
    await Bun.write(file, "an-old-key-of-16-characters\nanother-key-of-16-characters\n");
    const url = await replica({ API_KEYS_FILE: file });
    const { code, stdout } = await helmTest([url], { KEYS_FILE: file });
    expect(stdout).toContain("ok   a write without a key is refused");
    expect(code).toBe(0);
    await Bun.file(file).delete();
  },
  DEADLINE_MS,
);

test(
  "a forbidden caller that gets an answer fails the test, one that gets none passes",
  async () => {
    expect((await helmTest([first.url], { FORBIDDEN: "true" })).code).toBe(1);
    const nobody = "http://127.0.0.1:9";
    expect((await helmTest([nobody], { FORBIDDEN: "true" })).code).toBe(0);
  },
  DEADLINE_MS,
);
