import { describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../../src/embedded/processes.ts";
import { apiUnderTest } from "../client/api-under-test.ts";
import { ask, askOn } from "../client/ask.ts";
import { type Answer, WireConnection } from "../client/connection.ts";
import { scrape } from "../client/metrics-text.ts";

const api = apiUnderTest();

const open = () => WireConnection.open(api.url);

async function expectToGoOn(): Promise<void> {
  expect((await ask(api, "GET /Cities/1")).status).toBe(200);
  expect((await ask(api, "GET /healthz/live")).text).toBe("Healthy");
}

async function inFlight(): Promise<number> {
  const metrics = (await ask(api, "GET /metrics")).text;
  return Number(/^http_requests_in_flight (\d+)$/m.exec(metrics)?.[1]);
}

describe("HEAD", () => {
  test("has the status and the headers of GET, and no body", async () => {
    const paths = ["/Cities", "/Cities/1", "/Cities/99999", "/Forecast/1", "/Forecast", "/WeatherForecast", "/metrics"];
    for (const path of [...paths, "/healthz/live", "/swagger/v1/swagger.json", "/nowhere", "/Cities/x"]) {
      for (const encoding of ["identity", "gzip"]) {
        const headers = { "accept-encoding": encoding };
        const [get, head] = await Promise.all([
          ask(api, `GET ${path}`, { headers }),
          ask(api, `HEAD ${path}`, { headers }),
        ]);
        expect([head.status, head.bytes.length]).toEqual([get.status, 0]);
        for (const name of ["content-type", "content-encoding", "etag", "vary", "cache-control"]) {
          expect(head.header(name)).toBe(get.header(name));
        }
      }
    }
  });

  test("gives the length of GET's body, or none", async () => {
    for (const path of ["/Cities", "/Cities/1", "/WeatherForecast", "/Cities/99999"]) {
      const [get, head] = await Promise.all([ask(api, `GET ${path}`), ask(api, `HEAD ${path}`)]);
      const length = head.header("content-length");
      // A problem names its request, so its length differs a little from one request to the next.
      if (length !== null)
        expect(Math.abs(Number(length) - get.bytes.length)).toBeLessThanOrEqual(get.status === 200 ? 0 : 4);
    }
  });

  test("leaves the connection in order for the next request", async () => {
    const connection = await open();
    for (const path of ["/Cities", "/WeatherForecast", "/nowhere"]) {
      await askOn(connection, `HEAD ${path}`);
      expect((await askOn(connection, "GET /Cities/1")).json<{ id: number }>().id).toBe(1);
    }
    connection.destroy();
  });
});

describe("a connection", () => {
  test("takes one request after another", async () => {
    const connection = await open();
    for (let id = 1; id <= 9; id += 1) {
      expect((await askOn(connection, `GET /Cities/${id}`)).json<{ id: number }>().id).toBe(id);
      expect((await askOn(connection, "POST /Forecast/1", { body: "{" })).status).toBe(400);
      expect((await askOn(connection, "POST /Cities", { body: "x".repeat(70_000) })).status).toBe(413);
    }
    connection.destroy();
  });

  test("never gives the answer to one request for that to another, also when they are sent without waiting", async () => {
    const connection = await open();
    for (let id = 1; id <= 9; id += 1) connection.write(`GET /Cities/${id} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (let id = 1; id <= 9; id += 1) {
      // Bun ends a connection on which a second request comes before the first is answered: allowed, if unfriendly.
      const outcome = await connection.answer({ deadlineMs: 3_000 }).catch((error: Error) => error.name);
      if (outcome === "ConnectionClosed") break;
      expect(outcome).toHaveProperty("status", 200);
      expect(JSON.stringify((outcome as Answer).json())).toStartWith(`{"id":${id},`);
    }
    connection.destroy();
    await expectToGoOn();
  });

  test("ends after the answer where the client asks for that", async () => {
    const connection = await open();
    const answer = await askOn(connection, "GET /Cities/1", { headers: { connection: "close" } });
    expect(answer.status).toBe(200);
    await connection.end(2_000);
  });

  test("serves HTTP/1.0 clients that send no Host, as health checks of load balancers do", async () => {
    for (const [path, text] of [
      ["/healthz/live", "Healthy"],
      ["/Cities/5", '{"id":5,"name":"Ярославль"}'],
    ]) {
      const connection = await open();
      connection.write(`GET ${path} HTTP/1.0\r\n\r\n`);
      expect((await connection.answer()).text).toBe(text ?? "");
      connection.destroy();
    }
  });

  test("finds the path whatever the Host header says", async () => {
    for (const host of [
      "localhost",
      "example.org:8080",
      "a/b?c#d",
      "a b",
      "[::1]:80",
      "[::",
      "\u00ff",
      "x".repeat(500),
    ]) {
      const answer = await ask(api, "GET /Cities/5?x=1", { headers: { host } });
      if (answer.status !== 400) expect(answer.json<{ id: number }>().id).toBe(5);
    }
    const absolute = await ask(api, "GET http://elsewhere.example/Cities/5");
    expect(absolute.json<{ id: number }>().id).toBe(5);
  });

  test("takes a request that trickles in byte by byte", async () => {
    const connection = await open();
    const body = '{"name":"Slow"}';
    const bytes = `PUT /Cities/9 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (const byte of bytes) {
      connection.write(byte);
      await delay(1);
    }
    expect((await connection.answer()).text).toBe('{"id":9,"name":"Slow"}');
    connection.destroy();
  });

  test("asks for the body of a client that waits to be asked", async () => {
    const answer = await ask(api, "PUT /Cities/9", { json: { name: "Expected" }, headers: { expect: "100-continue" } });
    expect(answer.text).toBe('{"id":9,"name":"Expected"}');
  });
});

describe("what is no request", () => {
  const GARBAGE = [
    "GARBAGE\r\n\r\n",
    "\r\n\r\n\r\n\r\n",
    "\0\0\0\0\r\n\r\n",
    "GET\r\n\r\n",
    "GET /Cities\r\n\r\n",
    "GET /Cities HTTP/9.9\r\nHost: x\r\n\r\n",
    "GET Cities HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /Cities HTTP/1.1\r\n\r\n",
    "GET /Cities HTTP/1.1\r\nHost : x\r\n\r\n",
    "GET /Cities HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
    "GET /Cities HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "GET /Cities HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "FOO /Cities HTTP/1.1\r\nHost: x\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n{}",
    "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET /Cities HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(200_000)}\r\n\r\n`,
    `GET /Cities HTTP/1.1\r\nHost: x\r\n${"X: y\r\n".repeat(5_000)}\r\n`,
  ];

  test("is refused with a 4xx or a closed connection, and the next client is served", async () => {
    for (const garbage of GARBAGE) {
      const connection = await open();
      connection.write(Buffer.from(garbage, "latin1"));
      const outcome = await connection.answer({ deadlineMs: 3_000 }).then(
        ({ status }) => status,
        (error: Error) => error.name,
      );
      connection.destroy();
      const refused =
        outcome === "ConnectionClosed" || outcome === 505 || (Number(outcome) >= 400 && Number(outcome) < 500);
      expect(`${JSON.stringify(garbage.slice(0, 60))}: ${refused || outcome}`).toEndWith(": true");
      await expectToGoOn();
    }
  });

  test("is forgotten when it stays half: requests cut off anywhere store nothing and leave nothing in flight", async () => {
    const body = '{"name":"Half a request"}';
    const whole = `POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const chunked = `POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n19\r\n${body}\r\n0\r\n\r\n`;
    for (const request of [whole, chunked]) {
      // The last CRLF of a chunked body is no part of the message that a server must see.
      for (let length = 1; length < request.length - 4; length += 3) {
        const connection = await open();
        connection.write(request.slice(0, length));
        if (length % 2 === 0) await delay(2);
        connection.destroy();
      }
    }
    await expectToGoOn();
    await delay(50);
    expect(await inFlight()).toBe(1);
    expect(await api.sql("SELECT count(*) FROM cities WHERE name = 'Half a request'")).toEqual([{ count: "0" }]);
  });

  test("counts as 499 when its client leaves in the middle of the body, and the log has no error", async () => {
    const count = async (status: string) =>
      (await scrape(api)).value("http_request_duration_seconds_count", { route: "/Cities", status });
    const [gone, failed] = [await count("499"), await count("500")];
    const head = "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for (const rest of ['Content-Length: 100\r\n\r\n{"name"', 'Transfer-Encoding: chunked\r\n\r\n7\r\n{"name"\r\n']) {
      const connection = await open();
      connection.write(head + rest);
      await delay(50);
      connection.destroy();
    }
    expect(await waitUntil(async () => (await count("499")) === gone + 2, 5_000)).toBe(true);
    expect(await count("500")).toBe(failed);
    expect(api.replica.logs.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("and clients that leave in the middle of an answer do no harm", async () => {
    await api.sql(`INSERT INTO forecast ("cityId", "dateTime", temperature, summary)
      SELECT 1 + n % 9, n, 1, md5(n::text) FROM generate_series(1, 30000) n`);
    await ask(api, "GET /WeatherForecast");
    const leaving = Array.from({ length: 100 }, async (_, index) => {
      const connection = await open();
      connection.write("GET /WeatherForecast HTTP/1.1\r\nHost: x\r\n\r\n");
      await delay(index % 20);
      connection.destroy();
    });
    await Promise.all(leaving);
    await expectToGoOn();
    await delay(50);
    expect(await inFlight()).toBe(1);
  });
});
