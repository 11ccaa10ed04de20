import { describe, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "../../src/embedded/processes.ts";
import { apiUnderTest } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import { expectProblem } from "../client/problem.ts";
import type { Replica } from "../replica.ts";

const api = apiUnderTest({ LOG_LEVEL: "debug" });

const ALLOWED = "https://console.example";
const OTHER = "https://evil.example";
const PREFLIGHT = {
  "access-control-request-method": "PUT",
  "access-control-request-headers": "content-type,x-api-key",
};

function corsHeadersOf(headers: Headers): readonly string[] {
  return [...headers.keys()].filter((name) => name.startsWith("access-control-"));
}

describe("pages of other origins (CORS)", () => {
  test("are allowed nothing unless configured", async () => {
    for (const line of ["GET /Cities", "OPTIONS /Cities", "GET /nowhere", "DELETE /Cities"]) {
      const answer = await ask(api, line, { headers: { origin: ALLOWED, ...PREFLIGHT } });
      expect(corsHeadersOf(answer.headers)).toEqual([]);
    }
  });

  describe("with a list of origins", () => {
    let replica: Replica;

    test("those on it are named in every answer, errors and 304 included", async () => {
      replica = await api.another({ CORS_ORIGINS: `${ALLOWED}, http://localhost:3000` });
      const etag = (await ask(replica, "GET /Cities")).header("etag");
      for (const [line, status, headers] of [
        ["GET /Cities", 200, {}],
        ["HEAD /Cities", 200, {}],
        ["GET /Cities", 304, { "if-none-match": etag }],
        ["GET /Cities/99999", 404, {}],
        ["GET /Cities/x", 400, {}],
        ["DELETE /Cities", 405, {}],
        ["GET /metrics", 200, {}],
      ] as const) {
        for (const origin of [ALLOWED, "http://localhost:3000"]) {
          const answer = await ask(replica, line, { headers: { origin, ...headers } });
          expect(answer.status).toBe(status);
          expect(answer.header("access-control-allow-origin")).toBe(origin);
          expect(answer.header("vary")?.toLowerCase()).toContain("origin");
          expect(answer.header("access-control-expose-headers")?.toLowerCase().split(", ")).toContainAllValues([
            "etag",
            "warning",
            "age",
            "retry-after",
            "x-request-id",
          ]);
          expect(answer.header("access-control-allow-credentials")).toBeNull();
        }
      }
    });

    test("a preflight of theirs learns the methods and headers", async () => {
      const answer = await ask(replica, "OPTIONS /Forecast/1", { headers: { origin: ALLOWED, ...PREFLIGHT } });
      expect([answer.status, answer.text]).toEqual([204, ""]);
      expect(answer.header("access-control-allow-origin")).toBe(ALLOWED);
      expect(answer.header("access-control-allow-methods")).toBe("GET, HEAD, POST, PUT, OPTIONS");
      const headers = answer.header("access-control-allow-headers")?.split(", ") ?? [];
      expect(headers).toContain("content-type");
      expect(headers).toContain("x-api-key");
      expect(Number(answer.header("access-control-max-age"))).toBeGreaterThan(0);
    });

    test("others are allowed nothing, however alike they look", async () => {
      const alike = [
        `${ALLOWED}.evil.example`,
        "https://evil-console.example",
        "http://console.example",
        `${ALLOWED}:8443`,
      ];
      for (const origin of [OTHER, "null", "", "*", ALLOWED.toUpperCase(), ...alike]) {
        for (const line of ["GET /Cities", "OPTIONS /Cities"]) {
          const answer = await ask(replica, line, { headers: { origin, ...PREFLIGHT } });
          expect(corsHeadersOf(answer.headers)).toEqual([]);
        }
      }
    });

    test("an answer for one origin is not given from a cache to another", async () => {
      for (const headers of [{ origin: OTHER }, {}]) {
        const answer = await ask(replica, "GET /Cities", { headers });
        expect(answer.header("vary")?.toLowerCase().split(/, */)).toContainAllValues(["accept-encoding", "origin"]);
      }
    });
  });

  test("are all allowed with a star", async () => {
    const replica = await api.another({ CORS_ORIGINS: "*" });
    for (const line of ["GET /Cities", "OPTIONS /Cities", "GET /nowhere"]) {
      const answer = await ask(replica, line, { headers: { origin: OTHER, ...PREFLIGHT } });
      expect(answer.header("access-control-allow-origin")).toBe("*");
      expect(answer.header("access-control-allow-credentials")).toBeNull();
    }
    expect(corsHeadersOf((await ask(replica, "GET /Cities")).headers)).toEqual([]);
  });
});

describe("API keys", () => {
  const KEYS = ["first-key-0123456789", "second-key-0123456789"] as const;
  const VALUE = { dateTime: 1, temperature: 1 };
  const WRITES = [
    ["POST /Cities", { name: "x" }],
    ["PUT /Cities/1", { name: "x" }],
    ["POST /Forecast/1", VALUE],
    ["PUT /Forecast/1", VALUE],
  ] as const;

  test("are needed for every write and for no read", async () => {
    const replica = await api.another({ API_KEYS: KEYS.join(", ") });
    const before = await api.sql("SELECT count(*), max(version::text::bigint) FROM forecast");
    for (const [line, json] of WRITES) {
      for (const key of [null, "", "x", KEYS[0].slice(1), `${KEYS[0]}x`, KEYS.join(", "), KEYS[0].toUpperCase()]) {
        const answer = await ask(replica, line, { json, headers: { "x-api-key": key } });
        expectProblem(answer, 401);
        expect(answer.header("www-authenticate")).toBe("ApiKey");
      }
      // Without a key, a client learns nothing about bodies either.
      expectProblem(await ask(replica, line, { body: "{" }), 401);
      expectProblem(await ask(replica, line, { body: "x".repeat(100_000) }), 401);
    }
    expect(await api.sql("SELECT count(*), max(version::text::bigint) FROM forecast")).toEqual(before);
    for (const path of [
      "/Cities",
      "/Cities/1",
      "/Forecast",
      "/Forecast/1",
      "/WeatherForecast",
      "/healthz/ready",
      "/metrics",
    ]) {
      expect((await ask(replica, `GET ${path}`)).status).toBe(200);
      expect((await ask(replica, `HEAD ${path}`)).status).toBe(200);
    }
    for (const key of KEYS) {
      for (const [line, json] of WRITES) {
        expect((await ask(replica, line, { json, headers: { "x-api-key": key } })).status).toBe(200);
      }
    }
    expectProblem(await ask(replica, "DELETE /Cities"), 405);
  });
});

describe("API keys in a file", () => {
  test("change without a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "goldenring-keys-"));
    const file = join(folder, "keys");
    writeFileSync(file, "first-key-0123456789\nsecond-key-0123456789\n");
    const replica = await api.another({ API_KEYS_FILE: file });
    const statusWith = async (key: string | null) =>
      (await ask(replica, "PUT /Cities/1", { json: { name: "x" }, headers: { "x-api-key": key } })).status;
    expect([await statusWith("first-key-0123456789"), await statusWith("second-key-0123456789")]).toEqual([200, 200]);
    expect([await statusWith("third-key-0123456789"), await statusWith(null)]).toEqual([401, 401]);
    // As Kubernetes and editors do: the file is replaced.
    writeFileSync(`${file}.new`, "third-key-0123456789\n");
    renameSync(`${file}.new`, file);
    await waitUntil(async () => (await statusWith("third-key-0123456789")) === 200, 10_000);
    expect([await statusWith("third-key-0123456789"), await statusWith("first-key-0123456789")]).toEqual([200, 401]);
    rmSync(folder, { recursive: true });
  });
});

describe("the rate limit of 2 requests a second", () => {
  let replica: Replica;
  const from = (address: string, line = "GET /Cities/1") =>
    ask(replica, line, { headers: { "x-forwarded-for": address } });

  test("answers the third request in a second with 429 and Retry-After", async () => {
    replica = await api.another({ RATE_LIMIT_PER_SECOND: "2", TRUST_PROXY: "127.0.0.0/8" });
    expect((await from("192.0.2.1")).status).toBe(200);
    expect((await from("192.0.2.1", "GET /nowhere")).status).toBe(404);
    expect((await from("192.0.2.1")).status).toBe(200);
    const third = await from("192.0.2.1");
    expectProblem(third, 429);
    expect(Number(third.header("retry-after"))).toBe(1);
    expectProblem(await from("192.0.2.1", "GET /WeatherForecast"), 429);
    await Bun.sleep(1_050);
    expect((await from("192.0.2.1")).status).toBe(200);
  });

  test("counts each client separately, by the last address that the proxy wrote", async () => {
    for (let n = 0; n < 2; n += 1) expect((await from("192.0.2.2")).status).toBe(200);
    expectProblem(await from("192.0.2.2"), 429);
    expect((await from("192.0.2.3")).status).toBe(200);
    // What the client claims comes before what the proxy adds.
    expectProblem(await from("192.0.2.99, 192.0.2.2"), 429);
  });

  test("lets 2 a second through over a while", async () => {
    let passed = 0;
    const started = performance.now();
    while (performance.now() - started < 2_000) {
      if ((await from("192.0.2.4")).status === 200) passed += 1;
      await Bun.sleep(20);
    }
    const seconds = (performance.now() - started) / 1_000;
    expect(passed).toBeGreaterThanOrEqual(5);
    expect(passed).toBeLessThanOrEqual(2 + 2 * seconds);
  });

  test.each(["off", "192.0.2.0/24"])(
    "ignores X-Forwarded-For of a peer that is no trusted proxy: %s",
    async (proxies) => {
      replica = await api.another({ RATE_LIMIT_PER_SECOND: "2", TRUST_PROXY: proxies });
      const statuses: number[] = [];
      for (let n = 0; n < 6; n += 1) statuses.push((await from(`192.0.2.${100 + n}`)).status);
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(3);
    },
  );

  test("does not hold for probes, which would end a replica that is well", async () => {
    for (let n = 0; n < 10; n += 1) {
      expect((await ask(replica, "GET /healthz/live")).status).toBe(200);
      expect((await ask(replica, "GET /healthz/ready")).status).toBe(200);
    }
  });

  test("is off by default", async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(api, "GET /Cities/1")));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});

describe("X-Request-Id", () => {
  /** The log's lines about this request: they come through a pipe, a little after the answer. */
  async function logged(id: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const lines = () => api.replica.logs.filter(({ requestId }) => requestId === id);
    await waitUntil(() => lines().length > 0, 2_000);
    return lines();
  }

  test("of the client comes back in every answer and is in the log line", async () => {
    for (const [line, status] of [
      ["GET /nowhere", 404],
      ["DELETE /Cities", 405],
      ["GET /Cities/x", 400],
      ["GET /Cities", 200],
      ["GET /Forecast/1", 200],
      ["POST /Cities", 200],
    ] as const) {
      const id = `test.${crypto.randomUUID()}`;
      const json = line.startsWith("POST") ? { json: { name: "x" } } : {};
      const answer = await ask(api, line, { ...json, headers: { "x-request-id": id } });
      expect(answer.status).toBe(status);
      expect(`${line}: ${answer.header("x-request-id")}`).toBe(`${line}: ${id}`);
      expect((await logged(id)).map(({ status }) => status)).toContain(status);
    }
  });

  test("is made up, one for each request, where the client sends none or one that could harm a log", async () => {
    const ids = new Set<string>();
    const harmful = [null, "", "a b", 'a"b', "a\tb", "x".repeat(65), "<script>", "a;b", "é"];
    for (const sent of harmful) {
      const answer = await ask(api, "GET /nowhere", { headers: { "x-request-id": sent } });
      const id = answer.header("x-request-id") ?? "";
      expect(id).toMatch(/^[\w-]{4,64}$/);
      expect(expectProblem(answer, 404).requestId).toBe(id);
      expect((await logged(id)).length).toBe(1);
      ids.add(id);
    }
    expect(ids.size).toBe(harmful.length);
  });
});

test.each(["/metrics", "/METRICS/", "/x/../metrics", "/healthz/live", "/Healthz/Ready"])(
  "%s is not shown to those who ask through a proxy",
  async (path) => {
    expect((await ask(api, `GET ${path}`)).status).toBe(200);
    expectProblem(await ask(api, `GET ${path}`, { headers: { "x-forwarded-for": "192.0.2.1" } }), 404);
  },
);
