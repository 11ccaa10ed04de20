import { afterEach, expect, test } from "bun:test";
import { createServer, type Server as Listener, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { ask, PrometheusError, type Server } from "./server.ts";

/** A target that misbehaves, on loopback. */
let listener: Listener | undefined;
afterEach(() => {
  listener?.closeAllConnections();
  listener?.close();
});

function misbehaving(behave: RequestListener): Promise<Server> {
  const server = createServer(behave);
  listener = server;
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}`, user: "u", password: "p", ca: "", deadlineMs: 300 });
    });
  });
}

async function failureOf(work: Promise<unknown>): Promise<PrometheusError> {
  const error = await work.then(
    () => new Error("there was an answer"),
    (failure: unknown) => failure,
  );
  if (error instanceof PrometheusError) return error;
  throw error;
}

test("a server that takes the question and says nothing is given up at the deadline", async () => {
  const silent = await misbehaving(() => {});
  const started = performance.now();
  const failure = await failureOf(ask(silent, "/"));
  expect(failure).toMatchObject({ kind: "unreachable", message: `${silent.url}: no answer within 300 ms` });
  expect(performance.now() - started).toBeLessThan(3_000);
});

test("an answer that never ends is given up at the deadline too", async () => {
  const endless = await misbehaving((_, response) => void response.write('{"status"'));
  expect((await failureOf(ask(endless, "/"))).kind).toBe("unreachable");
});

test("an answer that is cut short is none", async () => {
  const cut = await misbehaving((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("{");
    setTimeout(() => response.destroy(), 20);
  });
  expect((await failureOf(ask(cut, "/"))).kind).toBe("unreachable");
});

test("the question carries the login, and a form is sent by POST", async () => {
  const asked: unknown[] = [];
  const server = await misbehaving((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      asked.push([request.method, request.url, request.headers.authorization, body]);
      response.end("fine");
    });
  });
  await ask(server, "/api?a=1");
  expect(await ask(server, "/api", new URLSearchParams({ query: "a + b" }))).toEqual({ status: 200, text: "fine" });
  const login = `Basic ${Buffer.from("u:p").toString("base64")}`;
  expect(asked).toEqual([
    ["GET", "/api?a=1", login, ""],
    ["POST", "/api", login, "query=a+%2B+b"],
  ]);
});
