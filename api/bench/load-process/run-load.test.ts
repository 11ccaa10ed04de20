import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runLoad } from "./run-load.ts";

const sampleDirectory = mkdtempSync(join(tmpdir(), "goldenring-load-"));
afterAll(() => rmSync(sampleDirectory, { recursive: true }));

async function withServer<Result>(listener: RequestListener, use: (port: number) => Promise<Result>): Promise<Result> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  try {
    return await use(address.port);
  } finally {
    server.close();
  }
}

const plan = {
  requests: [{ method: "GET", path: "/" }],
  connections: 4,
  warmUpSeconds: 0.1,
  seconds: 0.5,
  samples: 2,
  sampleDirectory,
} as const;

describe("the load", () => {
  test("sends each connection's next request when it has its answer", async () => {
    let seen = 0;
    const result = await withServer(
      (_, response) => {
        seen += 1;
        setTimeout(() => response.end("hello"), 20);
      },
      (port) => runLoad({ ...plan, port }),
    );
    expect(result.failures).toEqual({});
    expect(result.acknowledged).toBe(seen);
    expect(result.answers).toBeGreaterThan(plan.connections);
    expect(result.answers).toBeLessThanOrEqual(104);
    expect(result.latencyMs.p50).toBeGreaterThan(15);
    expect(result.smallestBody).toBe(5);
    expect(result.samples.map(({ file }) => readFileSync(file, "utf8"))).toEqual(["hello", "hello"]);
  });

  test("on a schedule counts the wait for a stalled server into the latency", async () => {
    const start = performance.now();
    const result = await withServer(
      (_, response) => {
        // Answers nothing between 0.2 and 0.5 s.
        const elapsed = performance.now() - start;
        const wait = elapsed > 200 && elapsed < 500 ? 500 - elapsed : 0;
        setTimeout(() => response.end("hello"), wait);
      },
      (port) => runLoad({ ...plan, port, connections: 1, rate: 100 }),
    );
    expect(result.failures).toEqual({});
    // All of the schedule is sent, although the one connection was busy for half of it.
    expect(result.acknowledged).toBe(60);
    expect(result.latencyMs.max).toBeGreaterThan(200);
    expect(result.latencyMs.p50).toBeGreaterThan(50);
  });

  test("on a schedule lets the connections take turns", async () => {
    const requests = new Map<unknown, number>();
    await withServer(
      (request, response) => {
        requests.set(request.socket, (requests.get(request.socket) ?? 0) + 1);
        response.end("hello");
      },
      (port) => runLoad({ ...plan, port, rate: 100 }),
    );
    expect(requests.size).toBe(plan.connections);
    expect(Math.min(...requests.values())).toBeGreaterThan(10);
  });

  test("counts answers other than 200 as failures", async () => {
    const result = await withServer(
      (_, response) => {
        response.statusCode = 404;
        response.end("no");
      },
      (port) => runLoad({ ...plan, port, rate: 100 }),
    );
    expect(result.answers).toBe(0);
    expect(result.failures).toEqual({ "status 404": 60 });
  });

  test("counts broken connections as failures, and continues", async () => {
    let seen = 0;
    const result = await withServer(
      (request, response) => {
        seen += 1;
        if (seen === 5) request.socket.destroy();
        else response.end("hello");
      },
      (port) => runLoad({ ...plan, port, rate: 100 }),
    );
    expect(Object.values(result.failures)).toEqual([1]);
    expect(result.acknowledged).toBe(59);
  });

  test("ends with an error when nobody listens", async () => {
    const port = await withServer(
      () => {},
      async (used) => used,
    );
    // Long enough for a busy computer: the run ends as soon as enough connections are lost.
    await expect(runLoad({ ...plan, port, seconds: 60 })).rejects.toThrow("connections lost");
  });
});
