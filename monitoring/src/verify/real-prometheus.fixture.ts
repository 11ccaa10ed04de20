/** A real Prometheus on loopback that scrapes one target with the metrics of a test. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createPrometheus, type Prometheus } from "@goldenring/stand";

/** The computer may be busy. */
const DEADLINE_MS = 40_000;
const PAUSE_MS = 200;

export interface RealPrometheus {
  readonly url: string;
  readonly prometheus: Prometheus;
  stop(): Promise<void>;
}

/**
 * @param metrics of the target in Prometheus' text format; called at each scrape, every 200 ms
 * @param ruleFiles paths
 */
export async function startPrometheus(
  metrics: () => string,
  ruleFiles: readonly string[] = [],
): Promise<RealPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-verify-"));
  const target = await serve(metrics);
  const port = await freePort();
  writeFileSync(
    join(folder, "prometheus.yml"),
    JSON.stringify({
      global: { scrape_interval: `${PAUSE_MS}ms`, scrape_timeout: `${PAUSE_MS}ms`, evaluation_interval: "1s" },
      rule_files: ruleFiles,
      scrape_configs: [
        { job_name: "fixture", honor_labels: true, static_configs: [{ targets: [`127.0.0.1:${portOf(target)}`] }] },
      ],
    }),
  );
  const log = join(folder, "log");
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", openSync(log, "w")] },
  );
  const stop = async (): Promise<void> => {
    await end(child);
    target.closeAllConnections();
    target.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const prometheus = createPrometheus({ url, user: "nobody", password: "", ca: "", deadlineMs: DEADLINE_MS });
  try {
    // Two scrapes make a rate.
    await until(
      async () => ((await prometheus.query("count_over_time(up[1m]) >= 3")) ?? []).length > 0,
      () => {
        if (child.exitCode !== null) throw new Error(`Prometheus has ended: ${readFileSync(log, "utf8")}`);
      },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, prometheus, stop };
}

/** @throws the last error, or that the condition did not hold in time */
async function until(isTrue: () => Promise<boolean>, check: () => void): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    check();
    const failure = await isTrue().then(
      (holds) => (holds ? undefined : new Error("the condition did not hold in time")),
      (error: Error) => error,
    );
    if (failure === undefined) return;
    if (performance.now() > deadline) throw failure;
    await delay(PAUSE_MS);
  }
}

function serve(metrics: () => string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/plain; version=0.0.4").end(metrics());
    });
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

async function freePort(): Promise<number> {
  const server = await serve(() => "");
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  await ended;
  clearTimeout(timer);
}
